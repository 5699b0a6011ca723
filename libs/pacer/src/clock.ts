/** One moment by both clocks, in milliseconds: `monotonic` never jumps, `wall` is the time of day since 1970. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => ({ monotonic: performance.now(), wall: Date.now() }) };
