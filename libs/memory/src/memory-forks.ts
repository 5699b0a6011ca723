import { CLOSED_FORK_KEPT_MS, OPEN_FORK_KEPT_MS, type ForkEnd, type ForkKey, type ForkStore } from '@sluice/engine';
import type { MemoryDatabase } from './memory-store.js';

/** The list of a loop and the ends of its items, as JSON. */
export interface MemoryFork extends ForkKey {
  readonly items: readonly string[];
  /** By index and epoch. */
  readonly ends: Map<string, Omit<ForkEnd, 'value'> & { readonly value: string }>;
  /** Milliseconds since 1970, as in the next one. */
  endedAt: number;
  closedAt?: number;
}

/** The forks in the database. */
export class MemoryForks implements ForkStore {
  constructor(private readonly database: MemoryDatabase) {}

  create(fork: ForkKey, items: readonly unknown[]): Promise<number> {
    return this.database.use(() => {
      const known = this.#find(fork);
      if (known) return known.items.length;
      const { run, path, epoch } = fork;
      const row = { run, path, epoch, items: items.map(jsonOf), ends: new Map(), endedAt: this.database.now() };
      this.database.forks.set(keyOf(fork), row);
      return items.length;
    });
  }

  items(
    fork: ForkKey,
    { from, maxBytes }: { readonly from: number; readonly maxBytes: number },
  ): Promise<{ readonly total: number; readonly items: readonly unknown[] } | undefined> {
    return this.database.use(() => {
      const row = this.#find(fork);
      if (!row) return undefined;
      const items = firstOf(row.items.slice(from), maxBytes, (item) => item).map((item) => JSON.parse(item) as unknown);
      return { total: row.items.length, items };
    });
  }

  end(fork: ForkKey, ends: readonly ForkEnd[]): Promise<void> {
    return this.database.use(() => {
      const row = this.#find(fork);
      if (!row) return;
      row.endedAt = this.database.now();
      for (const end of ends) {
        const key = JSON.stringify([end.index, end.epoch]);
        if (!row.ends.has(key)) row.ends.set(key, { ...end, value: jsonOf(end.value) });
      }
    });
  }

  ends(
    fork: ForkKey,
    { from, limit, maxBytes }: { readonly from: number; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly ForkEnd[]> {
    return this.database.use(() => {
      const sorted = [...(this.#find(fork)?.ends.values() ?? [])].sort((a, b) => a.index - b.index || b.epoch - a.epoch);
      const counting = sorted.filter(({ index }, n) => index >= from && sorted[n - 1]?.index !== index).slice(0, limit);
      const page = firstOf(counting, maxBytes, ({ value }) => value);
      return page.map((end) => ({ ...end, value: JSON.parse(end.value) as unknown }));
    });
  }

  missing(fork: ForkKey, { from, limit }: { readonly from: number; readonly limit: number }): Promise<readonly number[]> {
    return this.database.use(() => {
      const row = this.#find(fork);
      const done = new Set([...(row?.ends.values() ?? [])].filter(({ ok }) => ok).map(({ index }) => index));
      return [...(row?.items.keys() ?? [])].filter((index) => index >= from && !done.has(index)).slice(0, limit);
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

/** Returns the first rows whose texts have `maxBytes` together, and at least one. */
function firstOf<Row>(rows: readonly Row[], maxBytes: number, textOf: (row: Row) => string): readonly Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, n) => {
    bytes += Buffer.byteLength(textOf(row));
    return n > 0 && bytes > maxBytes;
  });
  return end === -1 ? rows : rows.slice(0, end);
}
