/** Lets a bounded number of workers through at once; the others wait in the order in which they came. */
export class Semaphore {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#limit = most;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside === this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inside++;
    try {
      return await work();
    } finally {
      // the place goes straight to the next in the row: nobody may slip in between
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside--;
    }
  }
}
