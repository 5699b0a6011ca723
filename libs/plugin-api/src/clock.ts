/** Node fires longer timers at once. https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** A timer of a {@link Clock}. */
export interface Timer {
  /** Cancels the timer. Has no effect on a timer that has fired or was cancelled. */
  cancel(): void;
  /**
   * Marks the timer as housekeeping: the program may end, and a virtual clock counts as idle, while only such timers wait.
   *
   * @returns this timer
   */
  unref(): this;
}

/**
 * The source of time. The engine, the pacer, the stores and plugins read the time and set timers through this port only, so that a test can
 * run whole flows on a virtual clock.
 */
export interface Clock {
  /** Returns the wall time in milliseconds since 1970. It may jump, also backwards, when the machine sets its clock. */
  now(): number;
  /** Returns milliseconds since an arbitrary moment. The value never decreases, so use it to measure durations within one process. */
  monotonic(): number;
  /**
   * Calls `run` once. Timers fire in order of their time; timers of one time fire in order of their creation.
   *
   * @param ms milliseconds from now, of any length. 0 or less: in the next turn of the event loop
   */
  after(ms: number, run: () => void): Timer;
  /**
   * Calls `run` repeatedly until the timer is cancelled.
   *
   * @param ms milliseconds from now to the first call and between two calls, from 1 to 2³¹ − 1
   */
  every(ms: number, run: () => void): Timer;
}

/** The clock of the process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => (ms > 0 ? new Timeout(ms, run) : new NextTurn(run)),
  every: (ms, run) => new Interval(ms, run),
};

/**
 * Resolves after the time, or at once when the signal fires. Never rejects.
 *
 * @param ms milliseconds
 * @param options `ref: false` marks the pause as housekeeping, see {@link Timer.unref}
 */
export function pause(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  { ref = true }: { readonly ref?: boolean } = {},
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    if (!ref) timer.unref();
    signal.addEventListener('abort', done, { once: true });
  });
}

/** A timeout of any length, as a chain of timeouts that Node accepts. */
class Timeout implements Timer {
  #handle: NodeJS.Timeout;

  constructor(ms: number, run: () => void) {
    this.#handle = this.#start(ms, run);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  unref(): this {
    this.#handle.unref();
    return this;
  }

  #start(ms: number, run: () => void): NodeJS.Timeout {
    if (ms <= MAX_TIMEOUT_MS) return setTimeout(run, ms);
    return setTimeout(() => {
      const keepsAlive = this.#handle.hasRef();
      this.#handle = this.#start(ms - MAX_TIMEOUT_MS, run);
      if (!keepsAlive) this.#handle.unref();
    }, MAX_TIMEOUT_MS);
  }
}

class NextTurn implements Timer {
  readonly #handle: NodeJS.Immediate;

  constructor(run: () => void) {
    this.#handle = setImmediate(run);
  }

  cancel(): void {
    clearImmediate(this.#handle);
  }

  /** Has no effect: the turn comes at once, and Node delays immediates without a reference until the next event from outside. */
  unref(): this {
    return this;
  }
}

class Interval implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(ms: number, run: () => void) {
    this.#handle = setInterval(run, ms);
  }

  cancel(): void {
    clearInterval(this.#handle);
  }

  unref(): this {
    this.#handle.unref();
    return this;
  }
}
