/** From this many deliveries on, a run is suspected of killing its host: each try is noted in the store before it begins. */
export const SUSPECT_AFTER = 5;
/** A run with this many notes is parked as `POISON`. */
export const SUSPECT_RUNS = 3;

/**
 * Admits one suspected push of a host at a time, so that a crash is counted for the push that caused it. Pushes without suspicion are
 * called beside it and get no note.
 */
export class PoisonGuard {
  readonly #freed: (() => void)[] = [];
  #taken = false;

  get taken(): boolean {
    return this.#taken;
  }

  /** Calls `back` whenever the guard is free again. */
  onFree(back: () => void): void {
    this.#freed.push(back);
  }

  /** Admits a push. The guard must be free. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#taken = true;
    try {
      return await work();
    } finally {
      this.#taken = false;
      for (const back of this.#freed) back();
    }
  }
}
