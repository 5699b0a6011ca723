/** An object that checks its own deadlines. */
export interface WheelEntry {
  /** Slot of the entry; only the wheel changes it. */
  slot: number;
  /** Handles deadlines that are due. Returns the time of the next check in milliseconds on the clock of the wheel, or Infinity for none. */
  check(now: number): number;
}

const SLOTS = 256;

/** Initial value of `slot`. */
export const UNWATCHED = -1;

/**
 * One timer for the deadlines of all connections: a connection takes an entry of a set instead of a timer. A check comes at most one tick
 * late. An entry whose deadline is further away than one round of the wheel is also checked once per round.
 */
export class TimerWheel {
  /** Milliseconds of a monotonic clock at the last tick. Reading this field for every chunk is cheaper than reading the clock. */
  now: number;
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<WheelEntry>());
  readonly #clock: () => number;
  #tick: number;

  constructor(
    readonly tickMs: number,
    clock: () => number,
  ) {
    this.#clock = clock;
    this.now = clock();
    this.#tick = this.#tickOf(this.now);
  }

  /** Schedules a check at this time, or earlier if the time is more than one round away. */
  watch(entry: WheelEntry, at: number): void {
    this.forget(entry);
    const ahead = Math.min(Math.max(this.#tickOf(at) + 1 - this.#tick, 1), SLOTS - 1);
    entry.slot = (this.#tick + ahead) % SLOTS;
    this.#slots[entry.slot]?.add(entry);
  }

  forget(entry: WheelEntry): void {
    if (entry.slot === UNWATCHED) return;
    this.#slots[entry.slot]?.delete(entry);
    entry.slot = UNWATCHED;
  }

  /** Runs the checks that are due, including those of missed ticks. To be called every `tickMs`. */
  advance(): void {
    this.now = this.#clock();
    const until = this.#tickOf(this.now);
    // after a pause of the process that was longer than one round, each entry is checked once
    this.#tick = Math.max(this.#tick, until - SLOTS);
    while (this.#tick < until) {
      this.#tick++;
      this.#turn(this.#slots[this.#tick % SLOTS]);
    }
  }

  /** Checks the entries of a slot. An entry may be added to another slot or removed during the iteration: a `Set` allows both. */
  #turn(slot: Iterable<WheelEntry> = []): void {
    for (const entry of slot) {
      this.forget(entry);
      const next = entry.check(this.now);
      if (next < Infinity) this.watch(entry, next);
    }
  }

  #tickOf(time: number): number {
    return Math.floor(time / this.tickMs);
  }
}
