/** Lets a bounded number of workers through at once; the others wait in the order in which they came. */
export class Turnstile {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside === this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
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
