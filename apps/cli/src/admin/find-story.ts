import { collectPages, MAX_PAGE_SIZE, type AdminClient, type StoryEntry } from '@sluice/admin-contract';

/** Maximum number of ids that are looked up, for an event with many descendants. */
const MAX_LOOKUPS = 20;

export interface Story {
  readonly entries: readonly StoryEntry[];
  /** True when the story has further entries. */
  readonly isCut: boolean;
}

/**
 * Returns the journal entries of an event or a run, oldest first, and of its effects: events that its flows emitted, and
 * replays with other data, which are events of their own. Follows 20 ids at most.
 *
 * @param max maximum number of entries
 */
export async function findStory(admin: Pick<AdminClient, 'find'>, id: string, max: number): Promise<Story> {
  const found = new Map<string, StoryEntry>();
  const asked = new Set<string>();
  const waiting = [id];
  let isCut = false;
  while (waiting.length > 0 && asked.size < MAX_LOOKUPS && found.size < max && !isCut) {
    const next = waiting.shift() ?? id;
    if (asked.has(next)) continue;
    asked.add(next);
    const room = max - found.size;
    const { items, more } = await collectPages((page) => admin.find({ id: next, ...page }), room, MAX_PAGE_SIZE);
    isCut = more > 0;
    for (const entry of items) {
      found.set(JSON.stringify(entry), entry);
      // follow only effects: the causes of an event have other effects that do not belong to its story
      if (entry.eventId === next || entry.run === next || entry.causationid === next) waiting.push(entry.eventId);
    }
  }
  const entries = [...found.values()].sort((a, b) => a.at.localeCompare(b.at));
  return { entries, isCut: isCut || waiting.some((each) => !asked.has(each)) };
}
