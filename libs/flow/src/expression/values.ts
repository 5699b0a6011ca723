import type { EvaluationContext } from '../model.js';
import { badArgument, overLimit } from './faults.js';
import { LIMITS } from './limits.js';
import { numberText } from './text-of.js';
import { allocate, allocateText, spend, startClock } from './budget.js';

/** The semantics of values of jsonata 2.2.2 (`functions.js`, `utils.js`). Each traversal is charged to the budget. */

/** Bytes per entry of a list and per field of an object. */
const ENTRY_BYTES = 8;
const FIELD_BYTES = 32;
/** Work of setting a field: in a large object it takes much longer than a push to a list. */
const FIELD_UNITS = 4;

/** A list that JSONata has built. With one item it stands for that item, without items for no value. Data never has these marks. */
export interface Sequence extends Array<unknown> {
  sequence?: true;
  /** Written as `[…]` inside a path, so it is not flattened. */
  cons?: true;
  keepSingleton?: true;
  tupleStream?: true;
}

/** A function as a value. */
export abstract class FunctionValue {
  /** JSONata's own check of signatures recognises functions by this mark. */
  readonly _jsonata_function = true;
  /** Number of parameters that `$map` and similar functions pass. */
  abstract readonly arity: number;
  readonly signature?: Signature | undefined;

  /** Calls the function with arguments that fit its signature. */
  abstract call(args: readonly unknown[], input: unknown): unknown;
}

/** The running evaluation, as functions see it. */
export interface FunctionCaller {
  readonly context: EvaluationContext;
  /** Calls the function without a context value, as `$map` and similar functions do. */
  callback(target: FunctionValue, args: readonly unknown[]): unknown;
}

/** A signature as JSONata's parser creates it. `validate` returns the arguments with defaults, or throws. */
export interface Signature {
  /** Its text, such as `<a<n>:n>`; absent for one that wraps another. */
  readonly definition?: string;
  validate(args: readonly unknown[], context: unknown): readonly unknown[];
}

export function isFunction(value: unknown): value is FunctionValue {
  return value instanceof FunctionValue;
}

export function isSequence(value: unknown): value is Sequence {
  return Array.isArray(value) && (value as Sequence).sequence === true;
}

export function sequence(items: Sequence): Sequence {
  reserve(items.length);
  items.sequence = true;
  return items;
}

/** Charges a list; called before the list is filled. Throws `EXPR_LIMIT` for more entries than a list may have. */
export function reserve(entries: number): void {
  if (entries > LIMITS.entries) throw overLimit(`a list that an expression builds has at most ${LIMITS.entries} entries`);
  spend(entries);
  allocate(entries * ENTRY_BYTES);
}

/** Adds one entry to a list and charges it. */
export function pushTo(list: unknown[], item: unknown): void {
  if (list.length >= LIMITS.entries) reserve(list.length + 1);
  allocate(ENTRY_BYTES);
  list.push(item);
}

/** Adds all entries of a list to another list and charges them. */
export function pushAll(list: unknown[], items: readonly unknown[]): void {
  if (list.length + items.length > LIMITS.entries) reserve(list.length + items.length);
  spend(items.length);
  allocate(items.length * ENTRY_BYTES);
  for (const item of items) list.push(item);
}

/** Sets a field of an object that an expression builds. `__proto__` is an ordinary key. */
export function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  spend(FIELD_UNITS);
  allocate(FIELD_BYTES);
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** Returns the names of the fields of an object and charges them: for a large object this takes tens of milliseconds. */
export function keysOf(object: object): readonly string[] {
  startClock();
  const keys = Object.keys(object);
  spend(keys.length);
  allocate(keys.length * ENTRY_BYTES);
  return keys;
}

/** Returns the result of an evaluation: for a sequence with one item that item, unless the expression keeps the list. */
export function unwrapped(value: unknown): unknown {
  if (!isSequence(value)) return value;
  return value.length > 1 || value.keepSingleton ? value : value[0];
}

/** Returns the field of an object, or of all objects in a list. Reads only own properties, so that JavaScript's built-ins are hidden. */
export function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return unwrapped(memberOfEach(value, key));
  if (!Object.hasOwn(value, key) || isFunction(value)) return undefined;
  return (value as Record<string, unknown>)[key];
}

export function memberOfEach(list: readonly unknown[], key: string): Sequence {
  spend(list.length);
  const found: Sequence = [];
  for (const item of list) {
    const value = Array.isArray(item) ? memberOfEach(item, key) : member(item, key);
    if (Array.isArray(value)) pushAll(found, value);
    else if (value !== undefined) pushTo(found, value);
  }
  found.sequence = true;
  return found;
}

/** Returns whether the value is a number for arithmetic. Throws for Infinity, as the library does. */
export function isNumeric(value: unknown): value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  if (!Number.isFinite(value)) throw badArgument(`number out of range: ${value}`);
  return true;
}

/** Converts a value to true or false by JSONata's rules; a missing value remains undefined. */
export function truth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value.length > 0;
  if (Array.isArray(value)) {
    if (value.length === 1) return truth(value[0]);
    spend(value.length);
    return value.length > 1 && value.some((item) => truth(item) === true);
  }
  if (typeof value === 'number') return isNumeric(value) && value !== 0;
  if (value === null || isFunction(value)) return false;
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
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
  if (Array.isArray(a) || Array.isArray(b) || isFunction(a) || isFunction(b)) return false;
  const names = keysOf(a);
  if (names.length !== keysOf(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && equal((a as Fields)[name], (b as Fields)[name]));
}

type Fields = Record<string, unknown>;

/**
 * Implements `$string`; a missing value remains undefined.
 *
 * @param pretty true for a text in lines, with two spaces per level
 * @throws `EXPR_LIMIT` before it builds a text that is too large: a value can contain the same small part many times
 */
export function stringOf(value: unknown, pretty = false): string | undefined {
  if (typeof value === 'string' || value === undefined) return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw badArgument('Infinity and NaN cannot become a text');
    return numberText(value);
  }
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value !== 'object' || value === null) return 'null';
  if (isFunction(value)) return '';
  chargeTree(value, pretty ? 2 : 0, 0);
  return JSON.stringify(value, jsonValue, pretty ? 2 : 0);
}

/** Charges a value by the size of its text, so that a shared part counts each time that it occurs. */
function chargeTree(value: unknown, indent: number, depth: number): void {
  if (typeof value === 'string') return allocateText(value.length + 2 + indent * depth);
  spend(1);
  if (typeof value !== 'object' || value === null || isFunction(value)) return allocate(2 * (8 + indent * depth));
  allocate(FIELD_BYTES + 2 * indent * depth);
  if (depth > LIMITS.depth) throw overLimit(`a value is nested deeper than ${LIMITS.depth} levels`);
  if (Array.isArray(value)) {
    for (const item of value) chargeTree(item, indent, depth + 1);
    return;
  }
  for (const key of Object.keys(value)) {
    allocateText(key.length + 4);
    chargeTree((value as Fields)[key], indent, depth + 1);
  }
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'number') return isNumeric(value) && !Number.isInteger(value) ? Number(value.toPrecision(15)) : value;
  return isFunction(value) ? '' : value;
}

/** Returns a copy of the value by way of JSON. The copy shares no part with the value. */
export function copyOf(value: unknown): unknown {
  return JSON.parse(stringOf(value) ?? 'null') as unknown;
}

/** Marks a new list as a sequence, which the evaluation flattens into the result. */
export function asSequence(list: Sequence): Sequence {
  list.sequence = true;
  return list;
}
