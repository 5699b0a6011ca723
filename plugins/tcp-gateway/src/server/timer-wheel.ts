/** Something that looks after its own deadlines. */
export interface WheelEntry {
  /** The slot it stands in, for the wheel alone. */
  slot: number;
  /** Its time has come: does what is due and says when it wants to be looked at again, in milliseconds on the wheel's clock. */
  check(now: number): number;
}

const SLOTS = 256;

/** For the initial value of `slot`. */
export const UNWATCHED = -1;

/**
 * One timer for all deadlines of all connections: a connection costs a place in a set, not a timer. Deadlines are kept to a tick; whoever
 * waits for longer than the wheel is round is looked at once a round.
 */
export class TimerWheel {
  /** Milliseconds of a clock that never jumps, as of the last tick: cheap enough to be asked for every chunk. */
  now: number;
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<WheelEntry>());
  readonly #clock: () => number;
  #tick: number;

  constructor(
    readonly tickMs: number,
    clock: () => number = () => performance.now(),
  ) {
    this.#clock = clock;
    this.now = clock();
    this.#tick = this.#tickOf(this.now);
  }

  /** Looks at it at this time, or earlier when it is far away. */
  watch(watched: WheelEntry, at: number): void {
    this.forget(watched);
    const ahead = Math.min(Math.max(this.#tickOf(at) + 1 - this.#tick, 1), SLOTS - 1);
    watched.slot = (this.#tick + ahead) % SLOTS;
    this.#slots[watched.slot]?.add(watched);
  }

  forget(watched: WheelEntry): void {
    if (watched.slot === UNWATCHED) return;
    this.#slots[watched.slot]?.delete(watched);
    watched.slot = UNWATCHED;
  }

  /** To be called every `tickMs`; makes up for ticks that were missed. */
  advance(): void {
    this.now = this.#clock();
    const until = this.#tickOf(this.now);
    // a process that was frozen for longer than a round looks at each once
    this.#tick = Math.max(this.#tick, until - SLOTS);
    while (this.#tick < until) {
      this.#tick++;
      this.#turn(this.#slots[this.#tick % SLOTS]);
    }
  }

  /** Who is watched anew goes to another slot, and who is forgotten meanwhile is not visited: a set allows both while it is walked. */
  #turn(slot: Iterable<WheelEntry> = []): void {
    for (const watched of slot) {
      this.forget(watched);
      const next = watched.check(this.now);
      if (next < Infinity) this.watch(watched, next);
    }
  }

  #tickOf(time: number): number {
    return Math.floor(time / this.tickMs);
  }
}
