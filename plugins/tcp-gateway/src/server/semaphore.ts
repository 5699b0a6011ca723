/** Runs at most a given number of tasks at once; further tasks wait in the order of their calls. */
export class Semaphore {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running === this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      // the permit goes directly to the next waiting task, so that a new call cannot overtake it
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
