/** The broker hands a lost delivery out again within seconds; longer than this nothing needs to be remembered. */
const MAX_AGE_MS = 60 * 60_000;
const MAX_KEYS = 10_000;

/**
 * Remembers which work of this host has ended with its outputs confirmed, so that another copy of its message is recognised. Bounded: the
 * oldest of more than 10,000 is forgotten, and each after an hour; a copy of work that is forgotten is carried out again, under the same
 * ids.
 */
export class CompletedWork {
  readonly #at = new Map<string, number>();

  add(key: string): void {
    this.#at.delete(key);
    this.#at.set(key, Date.now());
    if (this.#at.size <= MAX_KEYS) return;
    const [oldest] = this.#at.keys();
    if (oldest !== undefined) this.#at.delete(oldest);
  }

  has(key: string): boolean {
    const at = this.#at.get(key);
    return at !== undefined && Date.now() - at < MAX_AGE_MS;
  }
}
