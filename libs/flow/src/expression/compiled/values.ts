import { LIMITS } from '../limits.js';
import { numberText } from '../text-of.js';
import { spend } from './budget.js';

/**
 * The semantics of values of jsonata 2.2.2 (`functions.js`, `utils.js`), for values on which it does not fail.
 * Wherever the library would throw, or would need what only it has, `bail` hands the whole expression over to the library.
 */

/** Thrown by {@link bail}; one object, since no stack is needed. */
export const BAIL = new Error('the library evaluates this');

export function bail(): never {
  throw BAIL;
}

/** A list that JSONata has built: of one item it is that item, of none it is nothing. */
export interface Sequence extends Array<unknown> {
  sequence?: true;
}

export function isSequence(value: unknown): value is Sequence {
  return Array.isArray(value) && (value as Sequence).sequence === true;
}

export function sequence(items: Sequence): Sequence {
  if (items.length > LIMITS.entries) bail();
  items.sequence = true;
  return items;
}

/** What an evaluation gives where it ends in a sequence. */
export function unwrapped(value: unknown): unknown {
  if (!isSequence(value)) return value;
  return value.length > 1 ? value : value[0];
}

/** True for what the library would call: data can look like it, too. */
export function isFunctionLike(value: object): boolean {
  const marked = value as { _jsonata_function?: unknown; _jsonata_lambda?: unknown };
  return marked._jsonata_function === true || marked._jsonata_lambda === true;
}

/** The field of an object, or those of all objects in a list. Own properties only: nothing of JavaScript is reachable. */
export function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return unwrapped(memberOfEach(value, key));
  if (!Object.hasOwn(value, key) || isFunctionLike(value)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function memberOfEach(list: readonly unknown[], key: string): Sequence {
  spend(list.length);
  const found: Sequence = [];
  for (const item of list) {
    const value = Array.isArray(item) ? memberOfEach(item, key) : member(item, key);
    if (Array.isArray(value)) for (const each of value) found.push(each);
    else if (value !== undefined) found.push(value);
  }
  return sequence(found);
}

/** A number to reckon with. Infinity is an error of its own in the library. */
export function isNumeric(value: unknown): value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  return Number.isFinite(value) || bail();
}

/** JSONata's truth; nothing is undefined. */
export function truth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value.length > 0;
  if (Array.isArray(value)) {
    if (value.length === 1) return truth(value[0]);
    return value.length > 1 && value.some((item) => truth(item) === true);
  }
  if (typeof value === 'number') return isNumeric(value) && value !== 0;
  if (value === null || isFunctionLike(value)) return false;
  return Object.keys(value).length > 0;
}

export function isTrue(value: unknown): boolean {
  return value === true || truth(value) === true;
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  spend(1);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  // A list against an object compares the list's own names, `length` and all: left to the library.
  if (Array.isArray(a) || Array.isArray(b)) bail();
  const names = Object.getOwnPropertyNames(a);
  if (names.length !== Object.getOwnPropertyNames(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && equal((a as Fields)[name], (b as Fields)[name]));
}

type Fields = Record<string, unknown>;

/** `$string`; nothing stays nothing. */
export function stringOf(value: unknown): string | undefined {
  if (typeof value === 'string' || value === undefined) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value) : bail();
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value !== 'object' || value === null) return 'null';
  if (isFunctionLike(value)) return '';
  return JSON.stringify(value, jsonValue);
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return isNumeric(value) && !Number.isInteger(value) ? Number(value.toPrecision(15)) : value;
  return typeof value === 'object' && value !== null && isFunctionLike(value) ? '' : value;
}
