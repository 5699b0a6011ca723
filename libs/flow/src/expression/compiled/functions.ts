import type { EvaluationContext } from '../../model.js';
import { isTime } from '../functions/dates.js';
import { LANGUAGE_FUNCTIONS } from '../functions/language.js';
import { bail, isFunctionLike, member, sequence, stringOf, truth, unwrapped } from './values.js';

export interface SyncFunction {
  readonly min: number;
  readonly max: number;
  /** Bails where the library would refuse an argument, or put the context value in its place. */
  readonly call: (context: EvaluationContext, a: unknown, b: unknown, c: unknown) => unknown;
  /** Always a text, a number, true or false, or nothing: no data can hide in it. */
  readonly scalar: boolean;
}

/** Functions that closures call; a call with another number of arguments is left to the library. */
export const SYNC_FUNCTIONS: ReadonlyMap<string, SyncFunction> = new Map<string, SyncFunction>([
  ['string', scalar(1, 1, stringOf)],
  ['length', ofText((text) => [...text].length)],
  ['lowercase', ofText((text) => text.toLowerCase())],
  ['uppercase', ofText((text) => text.toUpperCase())],
  ['trim', ofText(trim)],
  ['encodeUrlComponent', ofText(encodeUrlComponent)],
  ['substring', scalar(2, 3, substring)],
  ['substringBefore', around((text, at) => text.slice(0, at))],
  ['substringAfter', around((text, at, mark) => text.slice(at + mark.length))],
  ['contains', scalar(2, 2, contains)],
  ['join', scalar(1, 2, join)],
  ['number', scalar(1, 1, number)],
  ['floor', ofNumber(Math.floor)],
  ['ceil', ofNumber(Math.ceil)],
  ['abs', ofNumber(Math.abs)],
  ['sum', ofNumbers(sum)],
  ['max', ofNumbers((numbers) => (numbers.length > 0 ? Math.max(...numbers) : undefined))],
  ['min', ofNumbers((numbers) => (numbers.length > 0 ? Math.min(...numbers) : undefined))],
  ['average', ofNumbers((numbers) => (numbers.length > 0 ? sum(numbers) / numbers.length : undefined))],
  ['count', scalar(1, 1, (value) => (value === undefined ? 0 : Array.isArray(value) ? value.length : 1))],
  ['exists', scalar(1, 1, (value) => value !== undefined)],
  ['boolean', scalar(1, 1, truth)],
  ['not', scalar(1, 1, (value) => (value === undefined ? undefined : truth(value) !== true))],
  ['type', scalar(1, 1, typeName)],
  ['split', building(2, 3, split)],
  ['keys', building(1, 1, keys)],
  ['lookup', building(2, 2, (value, key) => (typeof key === 'string' ? member(value, key) : bail()))],
  ['merge', building(1, 1, merge)],
  // Pictures of dates are the library's: only the forms without one are here.
  language('now', 0),
  language('millis', 0),
  language('toMillis', 1, isTextOrNothing),
  language('fromMillis', 1, (millis) => millis === undefined || isTime(millis)),
  language('base64encode', 1, isTextOrNothing),
  language('base64decode', 1, isTextOrNothing),
  language('pad', 3, (text, width, char) => isTextOrNothing(text) && typeof width === 'number' && isTextOrNothing(char)),
  language('decimal', 2),
  language('dateTime1C', 2),
  language('instant', 2),
  language('phone', 2),
  // Without a name it counts its calls, and an expression that bails would be counted twice.
  language('uuid', 1, (name) => name !== undefined),
  language('hash', 2),
  language('parse', 1),
  language('xml', 1),
]);

type Plain = (a: unknown, b: unknown, c: unknown) => unknown;

function scalar(min: number, max: number, call: Plain): SyncFunction {
  return { min, max, scalar: true, call: (_, a, b, c) => call(a, b, c) };
}

function building(min: number, max: number, call: Plain): SyncFunction {
  return { min, max, scalar: false, call: (_, a, b, c) => call(a, b, c) };
}

function language(name: string, max: number, accepts?: (a: unknown, b: unknown, c: unknown) => boolean): [string, SyncFunction] {
  const { call, required } = LANGUAGE_FUNCTIONS.get(name) as NonNullable<ReturnType<typeof LANGUAGE_FUNCTIONS.get>>;
  const guarded: SyncFunction['call'] = (context, a, b, c) => (accepts?.(a, b, c) === false ? bail() : call(context, a, b, c));
  return [name, { min: required, max, call: guarded, scalar: name !== 'parse' && name !== 'xml' }];
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function ofText(call: (text: string) => unknown): SyncFunction {
  return scalar(1, 1, (text) => (typeof text === 'string' ? call(text) : text === undefined ? undefined : bail()));
}

function ofNumber(call: (value: number) => number): SyncFunction {
  return scalar(1, 1, (value) => (typeof value === 'number' ? call(value) : value === undefined ? undefined : bail()));
}

/** Of one number, or of a list of them. */
function ofNumbers(call: (numbers: readonly number[]) => number | undefined): SyncFunction {
  return scalar(1, 1, (value) => {
    if (value === undefined) return undefined;
    const numbers: readonly unknown[] = Array.isArray(value) ? value : [value];
    // A call takes only so many arguments.
    if (numbers.length > 10_000 || !numbers.every((each) => typeof each === 'number')) bail();
    return call(numbers);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** What stands on one side of a mark; the whole text without one. */
function around(cut: (text: string, at: number, mark: string) => string): SyncFunction {
  return scalar(2, 2, (text, mark) => {
    if (typeof mark !== 'string' || !isTextOrNothing(text)) bail();
    if (typeof text !== 'string') return undefined;
    const at = text.indexOf(mark);
    return at < 0 ? text : cut(text, at, mark);
  });
}

function substring(text: unknown, start: unknown, length: unknown): unknown {
  if (typeof start !== 'number' || (length !== undefined && typeof length !== 'number') || !isTextOrNothing(text)) bail();
  if (typeof text !== 'string') return undefined;
  const characters = [...text];
  const from = characters.length + start < 0 ? 0 : start;
  if (length === undefined) return characters.slice(from).join('');
  if (length <= 0) return '';
  const end = from >= 0 ? from + length : characters.length + from + length;
  return characters.slice(from, end).join('');
}

function trim(text: string): string {
  return text.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '');
}

function encodeUrlComponent(text: string): string {
  return /\p{Surrogate}/u.test(text) ? bail() : encodeURIComponent(text);
}

function contains(text: unknown, token: unknown): unknown {
  if (!isTextOrNothing(text) || !isTextOrNothing(token)) bail();
  return text === undefined || token === undefined ? undefined : (text as string).includes(token as string);
}

function join(list: unknown, separator: unknown): unknown {
  if (!isTextOrNothing(separator)) bail();
  if (list === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(list) ? list : [list];
  return texts.every((text) => typeof text === 'string') ? texts.join((separator as string | undefined) ?? '') : bail();
}

function split(text: unknown, separator: unknown, limit: unknown): unknown {
  if (typeof separator !== 'string' || !isTextOrNothing(text)) bail();
  if (limit !== undefined && !(typeof limit === 'number' && limit >= 0)) bail();
  if (typeof text !== 'string') return undefined;
  return limit === 0 ? [] : text.split(separator, limit);
}

const DECIMAL = /^-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?$/;

function number(value: unknown): unknown {
  if (typeof value === 'number' || value === undefined) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string' || !DECIMAL.test(value)) bail();
  const read = Number(value);
  return Number.isFinite(read) ? read : bail();
}

function typeName(value: unknown): unknown {
  if (value === undefined) return undefined;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object') return isFunctionLike(value) ? bail() : 'object';
  return typeof value === 'number' && !Number.isFinite(value) ? bail() : typeof value;
}

function keys(value: unknown): unknown {
  if (Array.isArray(value)) bail();
  if (typeof value !== 'object' || value === null || isFunctionLike(value)) return undefined;
  return unwrapped(sequence(Object.keys(value)));
}

function merge(value: unknown): unknown {
  if (value === undefined) return undefined;
  const objects: readonly unknown[] = Array.isArray(value) ? value : [value];
  const merged: Record<string, unknown> = {};
  for (const each of objects) {
    if (typeof each !== 'object' || each === null || Array.isArray(each) || isFunctionLike(each)) bail();
    if (Object.hasOwn(each, '__proto__')) bail();
    Object.assign(merged, each);
  }
  return merged;
}
