/**
 * Smooth weighted round-robin: over time each key is chosen in proportion to its weight among those that can be chosen; a key that cannot
 * gives its share to the others.
 */
export class WeightedChoice<Key extends string> {
  readonly #credit = new Map<Key, number>();

  constructor(private readonly weights: Readonly<Record<Key, number>>) {}

  /** Undefined when there is nothing to choose from. */
  next(among: readonly Key[]): Key | undefined {
    let best: Key | undefined;
    let total = 0;
    for (const key of among) {
      // a weight of 0 would never be chosen, not even alone
      const weight = Math.max(this.weights[key], 0.01);
      total += weight;
      this.#credit.set(key, (this.#credit.get(key) ?? 0) + weight);
      if (best === undefined || (this.#credit.get(key) ?? 0) > (this.#credit.get(best) ?? 0)) best = key;
    }
    if (best !== undefined) this.#credit.set(best, (this.#credit.get(best) ?? 0) - total);
    return best;
  }
}
