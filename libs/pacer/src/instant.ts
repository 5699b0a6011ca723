import type { Clock } from '@sluice/plugin-api';

/** One moment on two clocks, in milliseconds: `monotonic` never jumps, `wall` counts from 1970. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

/** Returns this moment. */
export function instantOf(clock: Clock): Instant {
  return { monotonic: clock.monotonic(), wall: clock.now() };
}
