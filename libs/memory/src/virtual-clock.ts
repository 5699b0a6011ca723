import { setImmediate } from 'node:timers';
import type { Clock, Timer } from '@sluice/plugin-api';

/** Monday, 09:00 UTC. */
const START = Date.UTC(2026, 0, 5, 9);
/** A movement ends with an error after this many timers, because a timer that sets itself again without a delay would never end. */
const MAX_TIMERS = 1_000_000;
const YEAR_MS = 366 * 86_400_000;

/**
 * A clock that the program moves: time stands still while code runs, and passes only in `advance`, `advanceUntil`, `jump` and
 * `runUntilIdle`.
 *
 * Timers run one after another, in order of their time, and of their creation where the times are equal. After each one all promise
 * callbacks run before the next timer, so the same program has the same order in each run. The clock does not wait for work outside of the
 * process, such as a file or a socket, unless the program passes it to `hold`.
 */
export class VirtualClock implements Clock {
  /** The timers that wait, the latest first. */
  readonly #timers: VirtualTimer[] = [];
  #wallAtZero: number;
  #elapsed = 0;
  #created = 0;
  #moving = false;
  /** Work outside of the process that has not ended. */
  readonly #held = new Set<Promise<unknown>>();

  /**
   * @param start wall time at the beginning, in milliseconds since 1970. Default: Monday, 2026-01-05, 09:00 UTC
   * @param maxTimers maximum timers that one movement runs. Default: 1,000,000
   */
  constructor(
    start: number = START,
    private readonly maxTimers: number = MAX_TIMERS,
  ) {
    this.#wallAtZero = start;
  }

  now(): number {
    return Math.floor(this.#wallAtZero + this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, run: () => void): Timer {
    return this.#insert(new VirtualTimer(this.#dueIn(ms), this.#created++, run, undefined, (timer) => this.#remove(timer)));
  }

  every(ms: number, run: () => void): Timer {
    if (!(ms > 0)) throw new RangeError(`the interval of a timer is ${ms} ms, and has to be positive`);
    return this.#insert(new VirtualTimer(this.#dueIn(ms), this.#created++, run, ms, (timer) => this.#remove(timer)));
  }

  /** Sets the wall time and leaves the monotonic time as it is, as when the machine corrects its clock. Runs no timer. */
  setWallTime(now: number): void {
    this.#wallAtZero = now - this.#elapsed;
  }

  /**
   * Lets time stand still until the work has ended, also during a movement.
   *
   * @returns the result of the work
   */
  async hold<Result>(work: Promise<Result>): Promise<Result> {
    this.#held.add(work);
    try {
      return await work;
    } finally {
      this.#held.delete(work);
    }
  }

  /**
   * Lets time pass and runs each timer at its own time.
   *
   * @param ms milliseconds. 0 runs the timers that are due now
   * @throws the error of a timer; an error after `maxTimers` timers; an error while the clock is being moved already
   */
  advance(ms: number): Promise<void> {
    return this.#move((budget) => this.#runUntil(this.#elapsed + ms, budget));
  }

  /**
   * Lets time pass and runs each timer at its own time, until the condition holds.
   *
   * @param done called after each timer
   * @param maxMs maximum milliseconds that pass
   * @returns whether the condition holds; false after `maxMs`, and after `maxTimers` timers
   * @throws the error of a timer; an error while the clock is being moved already
   */
  async advanceUntil(done: () => boolean, maxMs: number = YEAR_MS): Promise<boolean> {
    const until = this.#elapsed + maxMs;
    await this.#move(async (budget) => {
      await this.#settled();
      while (!done()) {
        const next = this.#timers.at(-1);
        if (!next || next.due > until) {
          this.#elapsed = until;
          return;
        }
        if (budget.left-- <= 0) return;
        await this.#run(next);
      }
    });
    return done();
  }

  /**
   * Lets time pass at once, as for a machine that was suspended: timers that became due run late, and a repeating timer runs once. Passes
   * over months in the time of a few calls.
   *
   * @param ms milliseconds
   * @throws as `advance`
   */
  jump(ms: number): Promise<void> {
    return this.#move(async (budget) => {
      await this.#settled();
      this.#elapsed += ms;
      await this.#runUntil(this.#elapsed, budget);
    });
  }

  /**
   * Jumps from timer to timer until only housekeeping waits ({@link Timer.unref}). Each jump runs due housekeeping timers once, so a run
   * that waits for months ends in the time of a few calls.
   *
   * @param maxMs maximum milliseconds that pass. Default: a year
   * @throws an error when timers still wait then; as `advance`
   */
  runUntilIdle(maxMs: number = YEAR_MS): Promise<void> {
    const until = this.#elapsed + maxMs;
    return this.#move(async (budget) => {
      await this.#runUntil(this.#elapsed, budget);
      for (let next = this.#nextOfWork(); next; next = this.#nextOfWork()) {
        if (next.due > until) throw new Error(`timers still wait after ${maxMs} ms of virtual time: pass a larger maxMs`);
        this.#elapsed = Math.max(this.#elapsed, next.due);
        await this.#runUntil(this.#elapsed, budget);
      }
    });
  }

  async #move(work: (budget: { left: number }) => Promise<void>): Promise<void> {
    if (this.#moving) throw new Error('the virtual clock is being moved already: await that call first');
    this.#moving = true;
    try {
      await work({ left: this.maxTimers });
    } finally {
      this.#moving = false;
    }
  }

  async #runUntil(until: number, budget: { left: number }): Promise<void> {
    await this.#settled();
    for (let next = this.#timers.at(-1); next && next.due <= until; next = this.#timers.at(-1)) {
      if (budget.left-- <= 0)
        throw new Error(
          `the virtual clock ran ${this.maxTimers} timers in one movement: look for one that sets itself again at once`,
        );
      await this.#run(next);
    }
    this.#elapsed = Math.max(this.#elapsed, until);
  }

  /** Runs the first timer of the list at its time. */
  async #run(next: VirtualTimer): Promise<void> {
    this.#elapsed = Math.max(this.#elapsed, next.due);
    this.#timers.pop();
    if (next.interval !== undefined) this.#insert(next.again(this.#elapsed + next.interval, this.#created++));
    next.run();
    await this.#settled();
  }

  /** Resolves when all promise callbacks have run and no held work is left. */
  async #settled(): Promise<void> {
    await turnOfEventLoop();
    while (this.#held.size > 0) {
      await Promise.allSettled(this.#held);
      await turnOfEventLoop();
    }
  }

  #nextOfWork(): VirtualTimer | undefined {
    return this.#timers.findLast(({ isHousekeeping }) => !isHousekeeping);
  }

  #dueIn(ms: number): number {
    return this.#elapsed + (ms > 0 ? ms : 0);
  }

  #insert(timer: VirtualTimer): VirtualTimer {
    this.#timers.splice(this.#indexOf(timer), 0, timer);
    return timer;
  }

  #remove(timer: VirtualTimer): void {
    const at = this.#indexOf(timer);
    if (this.#timers[at] === timer) this.#timers.splice(at, 1);
  }

  /** Returns the index of the timer, or the index at which it would be inserted. */
  #indexOf(timer: VirtualTimer): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle] as VirtualTimer;
      if (other.due > timer.due || (other.due === timer.due && other.order > timer.order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class VirtualTimer implements Timer {
  isHousekeeping = false;

  constructor(
    public due: number,
    /** Number of the timer in order of creation. */
    public order: number,
    readonly run: () => void,
    /** Undefined for a timer that runs once. */
    readonly interval: number | undefined,
    private readonly remove: (timer: VirtualTimer) => void,
  ) {}

  cancel(): void {
    this.remove(this);
  }

  unref(): this {
    this.isHousekeeping = true;
    return this;
  }

  /** Sets the time of the next run. The timer must not be in the list then. */
  again(due: number, order: number): this {
    this.due = due;
    this.order = order;
    return this;
  }
}

/** Resolves in the next turn of the event loop of Node, when all promise callbacks have run. */
function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
