import type { EvaluationContext } from '../../model.js';
import { isTime } from '../functions/dates.js';
import { LANGUAGE_FUNCTIONS } from '../functions/language.js';
import { allocateText, spend, spendText } from '../budget.js';
import { lengthOf, substring, trim } from '../interpreter/characters.js';
import { keys, merge } from '../interpreter/object-functions.js';
import { splitByText } from '../interpreter/text-functions.js';
import { numberOf } from '../functions/number.js';
import { member, stringOf, truth, unwrapped } from '../values.js';
import { bail } from './bail.js';

export interface SyncFunction {
  readonly min: number;
  readonly max: number;
  /** Bails when the interpreter would reject an argument, or replace it by the context value. */
  readonly call: (context: EvaluationContext, a: unknown, b: unknown, c: unknown) => unknown;
  /** True when the result is always a text, a number, true, false or undefined, so that it contains no data. */
  readonly scalar: boolean;
}

/** Functions that closures can call. The interpreter executes calls with another number of arguments. */
export const SYNC_FUNCTIONS: ReadonlyMap<string, SyncFunction> = new Map<string, SyncFunction>([
  ['string', scalar(1, 1, (value) => stringOf(value))],
  ['length', ofText(lengthOf)],
  ['lowercase', ofText((text) => text.toLowerCase())],
  ['uppercase', ofText((text) => text.toUpperCase())],
  ['trim', ofText(trim)],
  ['encodeUrlComponent', ofText(encodeUrlComponent)],
  ['substring', scalar(2, 3, substringOf)],
  ['substringBefore', around((text, at) => text.slice(0, at))],
  ['substringAfter', around((text, at, mark) => text.slice(at + mark.length))],
  ['contains', scalar(2, 2, contains)],
  ['join', scalar(1, 2, join)],
  ['number', scalar(1, 1, numberOf)],
  ['floor', ofNumber(Math.floor)],
  ['ceil', ofNumber(Math.ceil)],
  ['abs', ofNumber(Math.abs)],
  ['sum', ofNumbers(sum)],
  ['max', ofNumbers((numbers) => (numbers.length > 0 ? numbers.reduce((a, b) => Math.max(a, b)) : undefined))],
  ['min', ofNumbers((numbers) => (numbers.length > 0 ? numbers.reduce((a, b) => Math.min(a, b)) : undefined))],
  ['average', ofNumbers((numbers) => (numbers.length > 0 ? sum(numbers) / numbers.length : undefined))],
  ['count', scalar(1, 1, (value) => (value === undefined ? 0 : Array.isArray(value) ? value.length : 1))],
  ['exists', scalar(1, 1, (value) => value !== undefined)],
  ['boolean', scalar(1, 1, truth)],
  ['not', scalar(1, 1, (value) => (value === undefined ? undefined : truth(value) !== true))],
  ['type', scalar(1, 1, typeName)],
  ['split', building(2, 3, split)],
  ['keys', building(1, 1, (value) => unwrapped(keys(value)))],
  ['lookup', building(2, 2, (value, key) => (typeof key === 'string' ? member(value, key) : bail()))],
  ['merge', building(1, 1, mergeOf)],
  // The library processes pictures of dates, so only the forms without a picture are here.
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
  // Without a name it counts its calls, so an expression that bails would be counted twice.
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
  return scalar(1, 1, (text) => (typeof text === 'string' ? call(charged(text)) : text === undefined ? undefined : bail()));
}

function ofNumber(call: (value: number) => number): SyncFunction {
  return scalar(1, 1, (value) => (typeof value === 'number' ? call(value) : value === undefined ? undefined : bail()));
}

/** Charges the argument and the result of a text function: an encoded URL has up to nine characters per character. */
function charged(text: string): string {
  allocateText(text.length * 3);
  return text;
}

/** A function of one number, or of a list of numbers. */
function ofNumbers(call: (numbers: readonly number[]) => number | undefined): SyncFunction {
  return scalar(1, 1, (value) => {
    if (value === undefined) return undefined;
    const numbers: readonly unknown[] = Array.isArray(value) ? value : [value];
    spend(numbers.length);
    if (!numbers.every((each) => typeof each === 'number')) bail();
    return call(numbers);
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** A function that returns the text on one side of a mark, or the whole text when it does not contain the mark. */
function around(cut: (text: string, at: number, mark: string) => string): SyncFunction {
  return scalar(2, 2, (text, mark) => {
    if (typeof mark !== 'string' || !isTextOrNothing(text)) bail();
    if (typeof text !== 'string') return undefined;
    spendText(text.length);
    const at = text.indexOf(mark);
    return at < 0 ? text : cut(text, at, mark);
  });
}

function substringOf(text: unknown, start: unknown, length: unknown): unknown {
  if (typeof start !== 'number' || (length !== undefined && typeof length !== 'number') || !isTextOrNothing(text)) bail();
  return substring(text as string | undefined, start, length);
}

function encodeUrlComponent(text: string): string {
  return /\p{Surrogate}/u.test(text) ? bail() : encodeURIComponent(text);
}

function contains(text: unknown, token: unknown): unknown {
  if (!isTextOrNothing(text) || !isTextOrNothing(token)) bail();
  if (typeof text !== 'string' || token === undefined) return undefined;
  spendText(text.length);
  return text.includes(token as string);
}

function join(list: unknown, separator: unknown): unknown {
  if (!isTextOrNothing(separator)) bail();
  if (list === undefined) return undefined;
  const texts: readonly unknown[] = Array.isArray(list) ? list : [list];
  const between = (separator as string | undefined) ?? '';
  spend(texts.length);
  let characters = between.length * texts.length;
  for (const text of texts) characters += typeof text === 'string' ? text.length : bail();
  allocateText(characters);
  return texts.join(between);
}

function split(text: unknown, separator: unknown, limit: unknown): unknown {
  if (typeof separator !== 'string' || !isTextOrNothing(text)) bail();
  if (limit !== undefined && !(typeof limit === 'number' && limit >= 0)) bail();
  if (typeof text !== 'string') return undefined;
  return limit === 0 ? [] : splitByText(text, separator, limit ?? Infinity);
}

function typeName(value: unknown): unknown {
  if (value === undefined) return undefined;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && !Number.isFinite(value) ? bail() : typeof value;
}

function mergeOf(value: unknown): unknown {
  if (value === undefined) return undefined;
  const objects: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const each of objects) if (typeof each !== 'object' || each === null || Array.isArray(each)) bail();
  return merge(objects);
}
