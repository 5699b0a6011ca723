interface PendingItem<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins calls that arrive at the same time: while one batch is running, further calls wait for the next batch. A lone call does not wait;
 * under load the cost of a round trip and of a commit is shared.
 */
export class Batcher<Item, Result> {
  #waiting: PendingItem<Item, Result>[] = [];
  #running = false;

  /** @param run resolves with one result per item, in the order of the items. */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly largest = 1_000,
  ) {}

  /** Resolves with the result of the item, or rejects when its batch fails. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      // calls of the same tick belong to one batch
      await Promise.resolve();
      const batch = this.#waiting.splice(0, this.largest);
      try {
        const results = await this.run(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, n) => resolve(results[n] as Result));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
