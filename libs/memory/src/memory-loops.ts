import { CLOSED_LOOP_KEPT_MS, OPEN_LOOP_KEPT_MS, type ItemEnd, type LoopKey, type LoopStore } from '@sluice/engine';
import type { MemoryDatabase, MemoryLoop, StoredEnd } from './memory-database.js';

/** The loops in the database. */
export class MemoryLoops implements LoopStore {
  constructor(private readonly database: MemoryDatabase) {}

  create(loop: LoopKey, items: readonly unknown[]): Promise<boolean> {
    return this.database.use(() => {
      if (this.#find(loop)) return false;
      const { run, path, epoch } = loop;
      const row = { run, path, epoch, items: items.map(jsonOf), ends: new Map(), endedAt: this.database.now() };
      this.database.loops.set(keyOf(loop), row);
      return true;
    });
  }

  items(
    loop: LoopKey,
    { from, maxBytes }: { readonly from: number; readonly maxBytes: number },
  ): Promise<{ readonly total: number; readonly items: readonly unknown[] } | undefined> {
    return this.database.use(() => {
      const row = this.#find(loop);
      if (!row) return undefined;
      const items = firstOf(row.items, from, maxBytes).map((item) => JSON.parse(item) as unknown);
      return { total: row.items.length, items };
    });
  }

  end(loop: LoopKey, ends: readonly ItemEnd[]): Promise<void> {
    return this.database.use(() => {
      const row = this.#find(loop);
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
    loop: LoopKey,
    { from, limit, maxBytes }: { readonly from: number; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly ItemEnd[]> {
    return this.database.use(() => {
      const row = this.#find(loop);
      const page: ItemEnd[] = [];
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

  missing(loop: LoopKey, { from, limit }: { readonly from: number; readonly limit: number }): Promise<readonly number[]> {
    return this.database.use(() => {
      const row = this.#find(loop);
      const missing: number[] = [];
      for (let index = from; row && index < row.items.length && missing.length < limit; index++)
        if (![...(row.ends.get(index)?.values() ?? [])].some(({ ok }) => ok)) missing.push(index);
      return missing;
    });
  }

  close(loop: LoopKey): Promise<void> {
    return this.database.use(() => {
      const row = this.#find(loop);
      if (row) row.closedAt ??= this.database.now();
    });
  }

  closeRun(run: string): Promise<void> {
    return this.database.use(() => {
      for (const row of this.database.loops.values()) if (row.run === run) row.closedAt ??= this.database.now();
    });
  }

  #find(loop: LoopKey): MemoryLoop | undefined {
    return this.database.loops.get(keyOf(loop));
  }
}

/** Deletes loops that were closed long ago, and open ones without new ends whose run is not parked. */
export function sweepLoops(database: MemoryDatabase): void {
  const now = database.now();
  const waiting = new Set(
    [...database.parked.values()]
      .filter(({ run: { state } }) => state === 'parked' || state === 'replaying')
      .map(({ run: { run } }) => run),
  );
  for (const [key, { run, closedAt, endedAt }] of database.loops) {
    const isOver =
      closedAt === undefined ? now - endedAt > OPEN_LOOP_KEPT_MS && !waiting.has(run) : now - closedAt > CLOSED_LOOP_KEPT_MS;
    if (isOver) database.loops.delete(key);
  }
}

function keyOf({ run, path, epoch }: LoopKey): string {
  return JSON.stringify([run, path, epoch]);
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** Returns the end of an item in the newest replay. */
function newestOf(row: MemoryLoop, index: number): StoredEnd | undefined {
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
