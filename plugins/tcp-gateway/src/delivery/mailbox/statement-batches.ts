interface Batch<Item> {
  readonly items: Item[];
  weight: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchOptions<Item> {
  /** What a batch may weigh. */
  readonly largest: number;
  /** 1 each, when left out. */
  readonly weightOf?: (item: Item) => number;
  /**
   * A batch that is not full begins no sooner than this after the one before began, so that steady traffic shares its commits. What comes
   * after a pause is not held up.
   */
  readonly everyMs?: number;
}

/**
 * Joins what comes at the same time: one batch is under way, the next takes all that came meanwhile. All of a batch share one promise, so
 * that thousands of acknowledgements cost a handful.
 */
export class Batches<Item> {
  readonly #waiting: Batch<Item>[] = [];
  #running = false;
  #began = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly run: (items: readonly Item[]) => Promise<void>,
    private readonly options: BatchOptions<Item>,
  ) {}

  /** Resolves when the item's batch was run; rejects with what failed. */
  add(item: Item): Promise<void> {
    const last = this.#waiting.at(-1);
    const batch = last && !this.#isFull(last) ? last : this.#begin();
    batch.items.push(item);
    batch.weight += this.options.weightOf?.(item) ?? 1;
    if (!this.#running) {
      this.#running = true;
      this.#goOn();
    }
    return batch.done;
  }

  #isFull({ weight }: Batch<Item>): boolean {
    return weight >= this.options.largest;
  }

  #begin(): Batch<Item> {
    let [resolve, reject]: [() => void, (error: unknown) => void] = [() => undefined, () => undefined];
    const done = new Promise<void>((...ends) => ([resolve, reject] = ends));
    const batch = { items: [], weight: 0, done, resolve, reject };
    this.#waiting.push(batch);
    return batch;
  }

  #goOn(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running = false;
      return;
    }
    const waitMs = this.#began + (this.options.everyMs ?? 0) - performance.now();
    if (waitMs > 0 && !this.#isFull(next)) setTimeout(() => this.#runFirst(), waitMs);
    // those of the same turn belong together
    else setImmediate(() => this.#runFirst());
  }

  #runFirst(): void {
    const batch = this.#waiting.shift();
    if (!batch) return;
    this.#began = performance.now();
    void this.run(batch.items)
      .then(batch.resolve, batch.reject)
      .then(() => this.#goOn());
  }
}
