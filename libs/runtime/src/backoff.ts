/** Milliseconds to wait before work is tried again that failed because the broker, the database or the disk of this host is unavailable. */
export const OUTAGE_PAUSE_MS = 1_000;

/** Bounds of the pauses of one backoff. */
export interface BackoffBounds {
  /** Milliseconds of the pause after the first failure. */
  readonly firstMs: number;
  /** Milliseconds that a pause does not exceed, before the jitter. */
  readonly maxMs: number;
}

/** Part of a pause by which it varies. Clients that failed together do not return together. */
const JITTER = 0.2;
/** 2 to this power is larger than every useful ratio of the bounds, and exact as a number. */
const MAX_EXPONENT = 52;

/**
 * Returns the pause before the next attempt: `firstMs`, doubled with each further failure up to `maxMs`, varied by ±20 %.
 *
 * @param failures number of failures in a row before the last one: 0 returns about `firstMs`. The caller counts, and ends, the attempts
 * @param random returns a number from 0 to below 1; 0.5 returns the pause without jitter
 * @returns whole milliseconds, at most 1.2 × `maxMs`
 */
export function backoffMs({ firstMs, maxMs }: BackoffBounds, failures: number, random: () => number = Math.random): number {
  const grown = Math.min(maxMs, firstMs * 2 ** Math.min(failures, MAX_EXPONENT));
  return Math.round(grown * (1 + JITTER * (2 * random() - 1)));
}
