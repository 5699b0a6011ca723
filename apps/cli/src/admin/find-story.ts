import type { JournalEntry } from '@sluice/engine';
import type { HostApi } from './host-api.js';

/** As it travels over HTTP. */
export type StoryEntry = Omit<JournalEntry, 'at'> & { readonly at: string };

/** An event with so many descendants has been shown well enough. */
const MAX_LOOKUPS = 20;

/**
 * Returns what the journal has of an event or a run, oldest first, with everything that followed from it: events that its flows emitted, and
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
      // downwards only: an event's causes and their other children are another story
      if (entry.eventId === next || entry.run === next || entry.causationid === next) waiting.push(entry.eventId);
    }
  }
  return [...found.values()].sort((a, b) => a.at.localeCompare(b.at));
}
