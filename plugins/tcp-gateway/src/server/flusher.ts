export interface Flushable {
  flush(): void;
}

/** Collects who has something to send, and lets all send it at the end of this turn of the event loop: one write each. */
export class Flusher {
  #waiting: Flushable[] = [];

  add(flushable: Flushable): void {
    if (this.#waiting.push(flushable) === 1) setImmediate(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flushable of waiting) flushable.flush();
  };
}
