import { isStateKind, type Journal, type JournalEntry } from '@sluice/engine';

/** Maximum levels of causes and of effects; `settings.limits.hops` ends chains of flows earlier as a rule. */
const MAX_LEVELS = 32;

/** An event of a story, with the entries of its runs. */
export interface StoryEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** 0 for the first known cause. */
  readonly depth: number;
  readonly role: 'cause' | 'found' | 'effect';
  /** Entries by run, in the order of their first entries. Those of a cause are states only. */
  readonly runs: readonly (readonly JournalEntry[])[];
}

export interface JournalStory {
  /** Each event is followed by its effects. */
  readonly events: readonly StoryEvent[];
  /** True when the story has further entries. */
  readonly isCut: boolean;
}

/**
 * Reads the story of an event or of a run: the chain of its causes, the event with all its runs, and its effects. Other effects of the causes
 * do not belong to it.
 *
 * @param limit maximum number of entries, at least 1
 */
export async function readStory(journal: Journal, id: string, limit: number): Promise<JournalStory> {
  const read = new StoryReader(journal, limit);
  const named = await read.entries([id], 'id');
  // an event without entries may have effects, such as an event that no run of this journal has taken
  const found = named.length > 0 ? idsOf(named) : [id];
  const own = named.length > 0 ? await read.entries(found, 'id') : [];
  read.add(own);
  const causes = await read.causes(own);
  await read.addEffects(found);
  return { events: read.tree(causes, found), isCut: read.isCut };
}

class StoryReader {
  isCut = false;
  /** Entries by the id of their event. */
  readonly #entries = new Map<string, JournalEntry[]>();
  #count = 0;

  constructor(
    private readonly journal: Journal,
    private readonly limit: number,
  ) {}

  /** Returns entries as {@link Journal.entriesOf} does, at most as many as there is room for. */
  async entries(ids: readonly string[], by: 'id' | 'cause'): Promise<readonly JournalEntry[]> {
    const room = this.limit - this.#count;
    const found = await this.journal.entriesOf(ids, by, room + 1);
    if (found.length > room) this.isCut = true;
    return found.slice(0, room);
  }

  add(entries: readonly JournalEntry[]): void {
    this.#count += entries.length;
    for (const entry of entries) {
      const known = this.#entries.get(entry.eventId);
      if (known) known.push(entry);
      else this.#entries.set(entry.eventId, [entry]);
    }
  }

  /** Adds the chain of causes of these entries and returns their ids, the first cause first. */
  async causes(entries: readonly JournalEntry[]): Promise<readonly string[]> {
    const chain: string[] = [];
    let cause = entries.find(({ causationid }) => causationid !== undefined)?.causationid;
    while (cause !== undefined && !this.#entries.has(cause) && chain.length < MAX_LEVELS) {
      const own = await this.entries([cause], 'id');
      const states = own.filter(({ kind }) => isStateKind(kind));
      if (states.length === 0) break;
      this.add(states);
      chain.unshift(cause);
      cause = states[0]?.causationid;
    }
    return chain;
  }

  /** Adds the effects of these events, level by level. */
  async addEffects(ids: readonly string[]): Promise<void> {
    let level = ids;
    for (let depth = 0; level.length > 0 && !this.isCut; depth++) {
      if (depth === MAX_LEVELS) {
        this.isCut = true;
        return;
      }
      const effects = (await this.entries(level, 'cause')).filter(({ eventId }) => !this.#entries.has(eventId));
      this.add(effects);
      level = idsOf(effects);
    }
  }

  /** Returns the events, each followed by its effects. */
  tree(causes: readonly string[], found: readonly string[]): readonly StoryEvent[] {
    const effects = new Map<string, string[]>();
    for (const [id, [first]] of this.#entries) {
      if (first?.causationid === undefined || causes.includes(id) || found.includes(id)) continue;
      effects.set(first.causationid, [...(effects.get(first.causationid) ?? []), id]);
    }
    const events: StoryEvent[] = causes.flatMap((id, depth) => this.#event(id, depth, 'cause'));
    const stack: Pick<StoryEvent, 'id' | 'depth' | 'role'>[] = found
      .toReversed()
      .map((id) => ({ id, depth: causes.length, role: 'found' }));
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { id, depth, role } = next;
      events.push(...this.#event(id, depth, role));
      for (const effect of (effects.get(id) ?? []).toReversed()) stack.push({ id: effect, depth: depth + 1, role: 'effect' });
    }
    return events;
  }

  /** Returns no event when the journal has no entry of it. */
  #event(id: string, depth: number, role: StoryEvent['role']): readonly StoryEvent[] {
    const entries = this.#entries.get(id) ?? [];
    const [first] = entries;
    if (!first) return [];
    const runs = new Map<string, JournalEntry[]>();
    for (const entry of entries) runs.set(entry.run, [...(runs.get(entry.run) ?? []), entry]);
    return [{ id, source: first.eventSource, type: first.eventType, depth, role, runs: [...runs.values()] }];
  }
}

function idsOf(entries: readonly JournalEntry[]): readonly string[] {
  return [...new Set(entries.map(({ eventId }) => eventId))];
}
