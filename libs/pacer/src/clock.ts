/** One moment on two clocks, in milliseconds: `monotonic` never jumps, `wall` counts from 1970. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

/** The source of time, which tests replace. */
export interface Clock {
  now(): Instant;
}

/** The clocks of the process. */
export const systemClock: Clock = { now: () => ({ monotonic: performance.now(), wall: Date.now() }) };
