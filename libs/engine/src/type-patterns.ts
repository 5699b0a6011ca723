import { typeMatches } from '@sluice/plugin-api';

/** Maximum remembered types. Senders choose the types, so the number is bounded; further types are compared each time. */
const MAX_REMEMBERED = 10_000;

/** A set of patterns of event types that remembers which types it matches. */
export class TypePatterns {
  readonly #patterns: string[] = [];
  readonly #known = new Map<string, boolean>();

  constructor(patterns: readonly string[] = []) {
    this.add(patterns);
  }

  /** Adds patterns: `*` matches one word of a type, `#` any number of words. */
  add(patterns: readonly string[]): void {
    this.#patterns.push(...patterns);
    this.#known.clear();
  }

  /** Returns whether one of the patterns matches the type. */
  match(type: string): boolean {
    let matches = this.#known.get(type);
    if (matches === undefined) {
      matches = this.#patterns.some((pattern) => typeMatches(pattern, type));
      if (this.#known.size < MAX_REMEMBERED) this.#known.set(type, matches);
    }
    return matches;
  }
}
