export interface Flushable {
  flush(): void;
}

/** Flushes all added objects at the end of this turn of the event loop, so that each of them writes to its socket once per turn. */
export class Flusher {
  #waiting: Flushable[] = [];

  add(flushable: Flushable): void {
    // eslint-disable-next-line no-restricted-globals -- the end of a turn of the event loop, not a time
    if (this.#waiting.push(flushable) === 1) setImmediate(this.#flushAll);
  }

  readonly #flushAll = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flushable of waiting) flushable.flush();
  };
}
