/**
 * Smooth weighted round-robin: over time each available key is chosen in proportion to its weight. The share of an unavailable key goes to
 * the others.
 */
export class WeightedChoice<Key extends string> {
  readonly #credit = new Map<Key, number>();

  constructor(private readonly weights: Readonly<Record<Key, number>>) {}

  /** Returns the chosen key; undefined when no key is available. */
  next(among: readonly Key[]): Key | undefined {
    let best: Key | undefined;
    let total = 0;
    for (const key of among) {
      // a key with weight 0 would never be chosen, even when it is the only one
      const weight = Math.max(this.weights[key], 0.01);
      total += weight;
      this.#credit.set(key, (this.#credit.get(key) ?? 0) + weight);
      if (best === undefined || (this.#credit.get(key) ?? 0) > (this.#credit.get(best) ?? 0)) best = key;
    }
    if (best !== undefined) this.#credit.set(best, (this.#credit.get(best) ?? 0) - total);
    return best;
  }
}
