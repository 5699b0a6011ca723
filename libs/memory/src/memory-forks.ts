import { CLOSED_FORK_KEPT_MS, OPEN_FORK_KEPT_MS, type ForkEnd, type ForkKey, type ForkStore } from '@sluice/engine';
import type { MemoryDatabase, MemoryFork, StoredEnd } from './memory-database.js';

/** The forks in the database. */
export class MemoryForks implements ForkStore {
  constructor(private readonly database: MemoryDatabase) {}

  create(fork: ForkKey, items: readonly unknown[]): Promise<boolean> {
    return this.database.use(() => {
      if (this.#find(fork)) return false;
      const { run, path, epoch } = fork;
      const row = { run, path, epoch, items: items.map(jsonOf), ends: new Map(), endedAt: this.database.now() };
      this.database.forks.set(keyOf(fork), row);
      return true;
    });
  }

  items(
    fork: ForkKey,
    { from, maxBytes }: { readonly from: number; readonly maxBytes: number },
  ): Promise<{ readonly total: number; readonly items: readonly unknown[] } | undefined> {
    return this.database.use(() => {
      const row = this.#find(fork);
      if (!row) return undefined;
      const items = firstOf(row.items, from, maxBytes).map((item) => JSON.parse(item) as unknown);
      return { total: row.items.length, items };
    });
  }

  end(fork: ForkKey, ends: readonly ForkEnd[]): Promise<void> {
    return this.database.use(() => {
      const row = this.#find(fork);
      if (!row) return;
      row.endedAt = this.database.now();
      for (const end of ends) {
        const ofIndex = row.ends.get(end.index) ?? new Map<number, StoredEnd>();
        row.ends.set(end.index, ofIndex);
        if (!ofIndex.has(end.epoch)) ofIndex.set(end.epoch, { ...end, value: jsonOf(end.value) });
      }
    });
  }

  ends(
    fork: ForkKey,
    { from, limit, maxBytes }: { readonly from: number; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly ForkEnd[]> {
    return this.database.use(() => {
      const row = this.#find(fork);
      const page: ForkEnd[] = [];
      let bytes = 0;
      for (let index = from; row && index < row.items.length && page.length < limit; index++) {
        const end = newestOf(row, index);
        if (!end) continue;
        bytes += Buffer.byteLength(end.value);
        if (page.length > 0 && bytes > maxBytes) break;
        page.push({ ...end, value: JSON.parse(end.value) as unknown });
      }
      return page;
    });
  }

  missing(fork: ForkKey, { from, limit }: { readonly from: number; readonly limit: number }): Promise<readonly number[]> {
    return this.database.use(() => {
      const row = this.#find(fork);
      const missing: number[] = [];
      for (let index = from; row && index < row.items.length && missing.length < limit; index++)
        if (![...(row.ends.get(index)?.values() ?? [])].some(({ ok }) => ok)) missing.push(index);
      return missing;
    });
  }

  close(fork: ForkKey): Promise<void> {
    return this.database.use(() => {
      const row = this.#find(fork);
      if (row) row.closedAt ??= this.database.now();
    });
  }

  closeRun(run: string): Promise<void> {
    return this.database.use(() => {
      for (const row of this.database.forks.values()) if (row.run === run) row.closedAt ??= this.database.now();
    });
  }

  #find(fork: ForkKey): MemoryFork | undefined {
    return this.database.forks.get(keyOf(fork));
  }
}

/** Deletes forks that were closed long ago, and open ones without new ends whose run is not parked. */
export function sweepForks(database: MemoryDatabase): void {
  const now = database.now();
  const waiting = new Set(
    [...database.parked.values()]
      .filter(({ run: { state } }) => state === 'parked' || state === 'replaying')
      .map(({ run: { run } }) => run),
  );
  for (const [key, { run, closedAt, endedAt }] of database.forks) {
    const isOver =
      closedAt === undefined ? now - endedAt > OPEN_FORK_KEPT_MS && !waiting.has(run) : now - closedAt > CLOSED_FORK_KEPT_MS;
    if (isOver) database.forks.delete(key);
  }
}

function keyOf({ run, path, epoch }: ForkKey): string {
  return JSON.stringify([run, path, epoch]);
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** Returns the end of an item in the newest replay. */
function newestOf(row: MemoryFork, index: number): StoredEnd | undefined {
  return [...(row.ends.get(index)?.values() ?? [])].sort((a, b) => b.epoch - a.epoch)[0];
}

/** Returns the texts from an index on that have `maxBytes` together, and at least one. */
function firstOf(texts: readonly string[], from: number, maxBytes: number): readonly string[] {
  let bytes = 0;
  let end = from;
  while (end < texts.length) {
    bytes += Buffer.byteLength(texts[end] ?? '');
    if (end > from && bytes > maxBytes) break;
    end++;
  }
  return texts.slice(from, end);
}
