import { nearest } from '@sluice/flow/codes';

/** Maximum names that a message lists. */
const MAX_LISTED = 20;

/**
 * Returns how a message about an unknown name ends: with the nearest name, otherwise with the names that exist.
 *
 * @param what the names in the plural, such as `flows`
 */
export function nameHint(name: string, names: readonly string[], what: string): string {
  if (names.length === 0) return `there are no ${what}`;
  const near = nearest(name, names);
  return near === undefined ? `the ${what} are: ${listedNames(names)}` : `did you mean ${near}?`;
}

/** Returns the names in a sentence, at most 20. */
export function listedNames(names: readonly string[]): string {
  return names.slice(0, MAX_LISTED).join(', ') + (names.length > MAX_LISTED ? ', …' : '');
}
