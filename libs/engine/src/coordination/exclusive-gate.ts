/**
 * Runs work concurrently, except for exclusive work: a run that is suspected of killing its host runs alone, so that a crash is not counted
 * for other runs.
 */
export class ExclusiveGate {
  #running = 0;
  #exclusive = false;
  readonly #queue: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];

  /** Runs the work at once, or after the exclusive work that is running. */
  run<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    if (!this.#exclusive) return this.#counted(work);
    return new Promise<void>((resolve) => this.#queue.push(resolve)).then(() => this.run(work));
  }

  /** Runs the work when no other work runs, and starts no other work until it has ended. */
  async runExclusively(work: () => void | Promise<void>): Promise<void> {
    while (this.#exclusive) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#exclusive = true;
    try {
      if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
      await work();
    } finally {
      this.#exclusive = false;
      for (const next of this.#queue.splice(0)) next();
    }
  }

  #counted<Result>(work: () => Result | Promise<Result>): Result | Promise<Result> {
    this.#running++;
    let result: Result | Promise<Result>;
    try {
      result = work();
    } catch (error) {
      this.#left();
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.#left();
      return result;
    }
    return result.finally(() => this.#left());
  }

  #left(): void {
    this.#running--;
    if (this.#running === 0) for (const next of this.#idle.splice(0)) next();
  }
}
