import type { Clock } from '@sluice/plugin-api';

export interface Rate {
  /** Permits in `perMs`. */
  readonly count: number;
  readonly perMs: number;
  /** Permits that a key may take at once after a pause, at least 1. */
  readonly burst: number;
}

/** Maximum number of keys in memory: about 2 MiB. */
const MAX_KEYS = 20_000;

/**
 * Limits how often each key may do something on this host, by the generic cell rate algorithm (ITU-T I.371). A key needs no memory once it
 * may take its whole burst again. When more than 20,000 keys are in use, the key that was not used for the longest time begins anew.
 */
export class RateLimiter {
  /** Monotonic time at which a key may take its whole burst again. The key that was used last is the last. */
  readonly #fullAt = new Map<string, number>();
  readonly #intervalMs: number;

  constructor(
    private readonly rate: Rate,
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly maxKeys = MAX_KEYS,
  ) {
    this.#intervalMs = rate.perMs / rate.count;
  }

  /** Number of keys in memory. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** Takes a permit of the key. Returns 0, or the milliseconds until there is one when it took none. */
  take(key: string): number {
    const now = this.clock.monotonic();
    const next = Math.max(now, this.#fullAt.get(key) ?? now) + this.#intervalMs;
    const waitMs = next - now - this.rate.burst * this.#intervalMs;
    // half a microsecond of tolerance for sums of fractions
    if (waitMs > 5e-4) return waitMs;
    this.#fullAt.delete(key);
    this.#fullAt.set(key, next);
    this.#forget(now);
    return 0;
  }

  /** Returns a permit that was taken for nothing. */
  giveBack(key: string): void {
    const fullAt = this.#fullAt.get(key);
    if (fullAt !== undefined) this.#fullAt.set(key, fullAt - this.#intervalMs);
  }

  /** Removes up to two keys from the oldest on: those that may take their whole burst, and any beyond the maximum. */
  #forget(now: number): void {
    let looked = 0;
    for (const [key, fullAt] of this.#fullAt) {
      if (++looked > 2 || (fullAt > now && this.#fullAt.size <= this.maxKeys)) return;
      this.#fullAt.delete(key);
    }
  }
}
