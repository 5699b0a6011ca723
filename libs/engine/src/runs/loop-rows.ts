import { pause, type Clock } from '@sluice/plugin-api';
import { awaitStore } from '../coordination/await-store.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { ItemEnd, LoopKey, LoopStore } from '../ports/loops.js';
import type { ItemFailure } from './frames.js';

/** Bytes of the first page of items that a hop reads: most hops run one item. */
const FIRST_PAGE_BYTES = 16 * 1024;
/** Bytes of the following pages of items, and of pages of ends. */
const PAGE_BYTES = 256 * 1024;
/** Number of ends that are written at once. */
const ENDS_AT_ONCE = 500;
/** Maximum ends of a page. */
const MAX_ENDS_PER_PAGE = 1_000;

export interface LoopRowsDeps {
  readonly loops: LoopStore;
  readonly clock: Clock;
  /** Fires when the host must stop at once. */
  readonly signal: AbortSignal;
}

/** The list of a loop in the database does not exist any more. */
export class LoopRowsGoneError extends Error {}

/** The item that a replay of a loop runs next. */
export interface MissingItem {
  readonly item: unknown;
  readonly index: number;
  /** Its failure; absent when it has not begun. */
  readonly failure?: ItemFailure;
}

/**
 * Reads and writes the rows of the loops of one hop. It reads ahead, and holds one page of items and the ends that are not written yet.
 * While the database is unavailable the methods wait, for at most a minute, and then reject with `STORE_UNAVAILABLE`.
 */
export class LoopRows {
  #page: { readonly key: LoopKey; readonly from: number; readonly items: readonly unknown[] } | undefined;
  #ends = new Map<string, { readonly key: LoopKey; readonly ends: ItemEnd[] }>();
  #unwritten = 0;

  constructor(private readonly deps: LoopRowsDeps) {}

  /** Stores the list of a loop. Resolves with false when another one was stored first, which counts. */
  create(key: LoopKey, items: readonly unknown[]): Promise<boolean> {
    return this.#held(() => this.deps.loops.create(key, items));
  }

  /** Returns the whole list. For small lists. */
  async list(key: LoopKey): Promise<readonly unknown[]> {
    const all: unknown[] = [];
    for (;;) {
      const { items } = await this.#read(key, all.length, PAGE_BYTES);
      if (items.length === 0) return all;
      for (const item of items) all.push(item);
    }
  }

  /** Returns the length of the list. */
  async total(key: LoopKey): Promise<number> {
    return (await this.#read(key, 0, FIRST_PAGE_BYTES)).total;
  }

  /** Returns the item of this index; a promise only when it has to be read. */
  item(key: LoopKey, index: number): MaybePromise<unknown> {
    const page = this.#page;
    if (page && isSame(page.key, key) && index >= page.from && index < page.from + page.items.length)
      return page.items[index - page.from];
    return this.#readItem(key, index);
  }

  /** Adds the end of an item. Returns a promise when ends have to be written. */
  end(key: LoopKey, end: ItemEnd): MaybePromise<void> {
    const name = JSON.stringify([key.path, key.epoch]);
    const ends: ItemEnd[] = this.#ends.get(name)?.ends ?? [];
    this.#ends.set(name, { key, ends });
    ends.push(end);
    this.#unwritten++;
    return this.#unwritten >= ENDS_AT_ONCE ? this.flush() : undefined;
  }

  /** True when ends are not written yet. */
  get isDirty(): boolean {
    return this.#unwritten > 0;
  }

  /** Writes the ends that are not written yet. A state that is behind these items may travel only afterwards. */
  async flush(): Promise<void> {
    const written = [...this.#ends.values()];
    this.#ends = new Map();
    this.#unwritten = 0;
    for (const { key, ends } of written) await this.#held(() => this.deps.loops.end(key, ends));
  }

  /** Returns the first item from this index on that has no successful end, with its failure. */
  async missing(key: LoopKey, from: number): Promise<MissingItem | undefined> {
    await this.flush();
    const [index] = await this.#held(() => this.deps.loops.missing(key, { from, limit: 1 }));
    if (index === undefined) return undefined;
    const [end] = await this.#held(() => this.deps.loops.ends(key, { from: index, limit: 1, maxBytes: 1 }));
    const item = await this.item(key, index);
    return end?.index === index ? { index, item, failure: failureOf(end) } : { index, item };
  }

  /** Returns all ends that count, in the order of their indices, page by page. */
  async *ends(key: LoopKey): AsyncGenerator<readonly ItemEnd[]> {
    await this.flush();
    for (let from = 0; ;) {
      const page = await this.#held(() => this.deps.loops.ends(key, { from, limit: MAX_ENDS_PER_PAGE, maxBytes: PAGE_BYTES }));
      const last = page.at(-1);
      if (last === undefined) return;
      yield page;
      from = last.index + 1;
      // other work of the host goes on between two pages
      await pause(this.deps.clock, 0, this.deps.signal);
    }
  }

  async #readItem(key: LoopKey, index: number): Promise<unknown> {
    const { items } = await this.#read(key, index, this.#page === undefined ? FIRST_PAGE_BYTES : PAGE_BYTES);
    this.#page = { key, from: index, items };
    return items[0];
  }

  async #read(
    key: LoopKey,
    from: number,
    maxBytes: number,
  ): Promise<{ readonly total: number; readonly items: readonly unknown[] }> {
    const page = await this.#held(() => this.deps.loops.items(key, { from, maxBytes }));
    if (page) return page;
    throw new LoopRowsGoneError(`the list of "${key.path}" is not in the database any more: replay the run from the start`);
  }

  #held<Result>(work: () => Promise<Result>): Promise<Result> {
    return awaitStore(this.deps.clock, this.deps.signal, work);
  }
}

/** Returns the end of an item that has failed. */
export function failedEnd({ index, ...place }: ItemFailure, epoch: number): ItemEnd {
  return { index, epoch, ok: false, value: place };
}

/** Returns the failure of an end that is not `ok`. */
export function failureOf({ index, value }: ItemEnd): ItemFailure {
  return { index, ...(value as Omit<ItemFailure, 'index'>) };
}

function isSame(a: LoopKey, b: LoopKey): boolean {
  return a.run === b.run && a.path === b.path && a.epoch === b.epoch;
}
