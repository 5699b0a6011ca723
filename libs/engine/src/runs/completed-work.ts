import type { Clock } from '@sluice/plugin-api';

/** The broker redelivers a lost delivery within seconds, so older keys are not needed. */
const MAX_AGE_MS = 60 * 60_000;
const MAX_KEYS = 10_000;

/**
 * Remembers the work of this host whose outputs are confirmed, so that another copy of its message is recognised. Bounded: it forgets the
 * oldest of more than 10,000 keys, and each key after an hour. A copy of forgotten work is processed again, under the same ids.
 */
export class CompletedWork {
  readonly #at = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(key: string): void {
    this.#at.delete(key);
    this.#at.set(key, this.clock.monotonic());
    if (this.#at.size <= MAX_KEYS) return;
    const [oldest] = this.#at.keys();
    if (oldest !== undefined) this.#at.delete(oldest);
  }

  has(key: string): boolean {
    const at = this.#at.get(key);
    return at !== undefined && this.clock.monotonic() - at < MAX_AGE_MS;
  }
}
