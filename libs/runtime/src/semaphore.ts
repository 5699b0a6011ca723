/** Admits a limited number of concurrent holders. The others wait in order of arrival. */
export class Semaphore {
  #free: number;
  /** A set keeps the order of arrival, and a waiter that gives up leaves it in constant time. */
  readonly #waiting = new Set<() => void>();

  /** @param limit maximum number of concurrent holders, at least 1 */
  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Waits for a place.
   *
   * @param signal ends the wait
   * @returns the function that frees the place; call it exactly once
   * @throws the reason of the signal, if it fires before there is a place. A place that is free is taken whatever the signal
   */
  async take(signal?: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    return this.#release;
  }

  /**
   * Runs `work` within the limit. Returns its result, or throws its error.
   *
   * @param signal ends the wait for a place, as in {@link take}
   */
  async run<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  readonly #release = (): void => {
    // the place passes directly to the first waiter, so that a newcomer cannot overtake it
    for (const next of this.#waiting) return next();
    this.#free++;
  };

  #turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const leave = (): void => {
        this.#waiting.delete(enter);
        signal?.removeEventListener('abort', giveUp);
      };
      const enter = (): void => {
        leave();
        resolve();
      };
      const giveUp = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      this.#waiting.add(enter);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
}
