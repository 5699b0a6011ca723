import { spend } from '../budget.js';
import { asSequence, isFunction, keysOf, pushTo, type Sequence } from '../values.js';

/** Implements `*`: the values of all fields, with lists flattened. */
export function wildcard(input: unknown): unknown {
  const found: Sequence = asSequence([]);
  if (typeof input !== 'object' || input === null || isFunction(input)) return found;
  let plain = false;
  for (const value of Array.isArray(input) ? input : keysOf(input).map((key) => (input as Record<string, unknown>)[key])) {
    if (Array.isArray(value)) {
      plain = true;
      flatten(value, found);
    } else pushTo(found, value);
  }
  // The library joins lists to a plain list, not to a sequence.
  return plain ? [...found] : found;
}

function flatten(list: readonly unknown[], into: unknown[]): void {
  for (const item of list) {
    if (Array.isArray(item)) flatten(item, into);
    else pushTo(into, item);
  }
}

/** Implements `**`: the value and all its descendants. */
export function descendants(input: unknown): unknown {
  if (input === undefined) return undefined;
  const found: Sequence = asSequence([]);
  collectDescendants(input, found);
  return found.length === 1 ? found[0] : found;
}

function collectDescendants(value: unknown, found: Sequence): void {
  spend(1);
  if (Array.isArray(value)) {
    for (const item of value) collectDescendants(item, found);
    return;
  }
  pushTo(found, value);
  if (typeof value !== 'object' || value === null || isFunction(value)) return;
  for (const key of keysOf(value)) collectDescendants((value as Record<string, unknown>)[key], found);
}
