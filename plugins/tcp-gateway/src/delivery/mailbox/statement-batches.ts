import type { Clock } from '@sluice/plugin-api';

interface Batch<Item> {
  readonly items: Item[];
  weight: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface StatementBatchOptions<Item> {
  /** A batch of this weight is full. */
  readonly maxWeight: number;
  /** Default: 1 for each item. */
  readonly weightOf?: (item: Item) => number;
  /**
   * Minimum milliseconds between the starts of two batches, unless the second one is full, so that items of steady traffic share
   * commits. An item that arrives after a pause does not wait. Absent: none.
   */
  readonly minInterval?: { readonly ms: number; readonly clock: Clock };
}

/**
 * Joins items that arrive at the same time into one statement. One batch runs at a time, and the next one contains the items that arrived
 * during that run. All items of a batch share one promise, so that thousands of acknowledgements need only a few promises.
 */
export class StatementBatches<Item> {
  readonly #waiting: Batch<Item>[] = [];
  #running = false;
  #began = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly run: (items: readonly Item[]) => Promise<void>,
    private readonly options: StatementBatchOptions<Item>,
  ) {}

  /** Resolves when the item's batch has run, and rejects with its error. */
  add(item: Item): Promise<void> {
    const last = this.#waiting.at(-1);
    const batch = last && !this.#isFull(last) ? last : this.#begin();
    batch.items.push(item);
    batch.weight += this.options.weightOf?.(item) ?? 1;
    if (!this.#running) {
      this.#running = true;
      this.#startNext();
    }
    return batch.done;
  }

  #isFull({ weight }: Batch<Item>): boolean {
    return weight >= this.options.maxWeight;
  }

  #begin(): Batch<Item> {
    let [resolve, reject]: [() => void, (error: unknown) => void] = [() => undefined, () => undefined];
    const done = new Promise<void>((...ends) => ([resolve, reject] = ends));
    const batch = { items: [], weight: 0, done, resolve, reject };
    this.#waiting.push(batch);
    return batch;
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running = false;
      return;
    }
    const { minInterval } = this.options;
    const waitMs = minInterval ? this.#began + minInterval.ms - minInterval.clock.monotonic() : 0;
    if (minInterval && waitMs > 0 && !this.#isFull(next)) minInterval.clock.after(waitMs, () => this.#runFirst());
    // eslint-disable-next-line no-restricted-globals -- the end of a turn of the event loop, not a time: items of one turn share a batch
    else setImmediate(() => this.#runFirst());
  }

  #runFirst(): void {
    const batch = this.#waiting.shift();
    if (!batch) return;
    this.#began = this.options.minInterval?.clock.monotonic() ?? 0;
    void this.run(batch.items)
      .then(batch.resolve, batch.reject)
      .then(() => this.#startNext());
  }
}
