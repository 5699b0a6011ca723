import type { JournalEntry } from '@sluice/engine';
import type { HostApi } from './host-api.js';

/** A journal entry as JSON; times are ISO 8601. */
export type StoryEntry = Omit<JournalEntry, 'at'> & { readonly at: string };

/** Maximum number of requests, for an event with many descendants. */
const MAX_LOOKUPS = 20;

/**
 * Returns the journal entries of an event or a run, oldest first, and of its effects: events that its flows emitted, and
 * replays with other data, which are events of their own. Follows 20 ids at most.
 */
export async function findStory(api: Pick<HostApi, 'get'>, id: string): Promise<readonly StoryEntry[]> {
  const found = new Map<string, StoryEntry>();
  const asked = new Set<string>();
  for (const waiting = [id]; waiting.length > 0 && asked.size < MAX_LOOKUPS;) {
    const next = waiting.shift() ?? id;
    if (asked.has(next)) continue;
    asked.add(next);
    for (const entry of await api.get<readonly StoryEntry[]>(`/api/find/${encodeURIComponent(next)}`)) {
      found.set(JSON.stringify(entry), entry);
      // follow only effects: the causes of an event have other effects that do not belong to its story
      if (entry.eventId === next || entry.run === next || entry.causationid === next) waiting.push(entry.eventId);
    }
  }
  return [...found.values()].sort((a, b) => a.at.localeCompare(b.at));
}
