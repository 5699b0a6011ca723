interface Batch<Item> {
  readonly items: Item[];
  weight: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins what comes at the same time: one batch is under way, the next takes all that came meanwhile. All of a batch share one promise, so
 * that thousands of acknowledgements cost a handful.
 */
export class Batches<Item> {
  readonly #waiting: Batch<Item>[] = [];
  #running = false;

  /** @param largest what a batch may weigh: an item weighs 1 unless `weightOf` says otherwise */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<void>,
    private readonly largest: number,
    private readonly weightOf: (item: Item) => number = () => 1,
  ) {}

  /** Resolves when the item's batch was run; rejects with what failed. */
  add(item: Item): Promise<void> {
    const last = this.#waiting.at(-1);
    const batch = last && last.weight < this.largest ? last : this.#begin();
    batch.items.push(item);
    batch.weight += this.weightOf(item);
    if (!this.#running) {
      this.#running = true;
      // those of the same turn belong together
      setImmediate(() => void this.#drain());
    }
    return batch.done;
  }

  #begin(): Batch<Item> {
    let [resolve, reject]: [() => void, (error: unknown) => void] = [() => undefined, () => undefined];
    const done = new Promise<void>((...ends) => ([resolve, reject] = ends));
    const batch = { items: [], weight: 0, done, resolve, reject };
    this.#waiting.push(batch);
    return batch;
  }

  async #drain(): Promise<void> {
    for (let batch = this.#waiting.shift(); batch; batch = this.#waiting.shift()) {
      await this.run(batch.items).then(batch.resolve, batch.reject);
    }
    this.#running = false;
  }
}
