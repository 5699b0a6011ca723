/** From this many deliveries on, a run may be what kills its host: what it does is noted before it is done. */
export const SUSPECT_AFTER = 5;
/** Found again after so many notes, it is parked. */
export const SUSPECT_RUNS = 3;

/**
 * One suspected push of a host is called at a time, so that none is counted guilty of what another does. Others are called beside it:
 * nothing is noted of them.
 */
export class PoisonGuard {
  readonly #freed: (() => void)[] = [];
  #taken = false;

  get taken(): boolean {
    return this.#taken;
  }

  /** Calls `back` whenever the turn is free again. */
  onFree(back: () => void): void {
    this.#freed.push(back);
  }

  /** The turn must be free. */
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
