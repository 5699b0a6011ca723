import { allocate, allocateText, spend, spendText } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { LANGUAGE_FUNCTIONS, type LanguageFunction } from '../functions/language.js';
import { numberOf } from '../functions/number.js';
import { LIMITS } from '../limits.js';
import {
  copyOf,
  FunctionValue,
  isFunction,
  isNumeric,
  keysOf,
  member,
  memberOfEach,
  pushAll,
  pushTo,
  reserve,
  setField,
  stringOf,
  truth,
  type FunctionCaller,
  type Sequence,
  type Signature,
} from '../values.js';
import { lengthOf, substring, trim } from './characters.js';
import { nativeFunction, nativeSignature, parseSignature } from './native.js';
import { named } from './signature.js';
import { matchesOf, type Match } from './regex-value.js';
import { mergeSort } from './sort.js';

type Call = (evaluation: FunctionCaller, args: readonly unknown[]) => unknown;

interface BuiltinSpec {
  readonly arity: number;
  readonly signature: Signature | undefined;
  readonly call: Call;
}

/** Maximum characters of a picture of a number, and of a text that is read with a picture. */
const PICTURE_CHARACTERS = 1000;

/** Maximum characters of the message of `$error` and `$assert`. */
const MESSAGE_CHARACTERS = 500;
/** Work of calling a function of the library, without and with a picture. */
const NATIVE_UNITS = 4;
const PICTURE_UNITS = 100;

/** A function of JSONata or of the language, bound to one evaluation. */
class Builtin extends FunctionValue {
  readonly arity: number;
  override readonly signature: Signature | undefined;

  constructor(
    private readonly evaluation: FunctionCaller,
    private readonly spec: BuiltinSpec,
  ) {
    super();
    this.arity = spec.arity;
    this.signature = spec.signature;
  }

  call(args: readonly unknown[]): unknown {
    return this.spec.call(this.evaluation, args);
  }
}

/** Returns the function of this name; undefined when it does not exist. */
export function builtinOf(name: string, evaluation: FunctionCaller): FunctionValue | undefined {
  const spec = BUILTINS.get(name);
  return spec && new Builtin(evaluation, spec);
}

/**
 * The library's functions that are called unchanged, with their arity. Each processes its arguments in one pass, and is charged by the
 * size of the arguments before it runs. The other functions are implemented below.
 */
const NATIVE: Readonly<Record<string, number>> = {
  sum: 1,
  count: 1,
  average: 1,
  substringBefore: 2,
  substringAfter: 2,
  lowercase: 1,
  uppercase: 1,
  formatBase: 2,
  floor: 1,
  ceil: 1,
  abs: 1,
  round: 2,
  sqrt: 1,
  power: 2,
  random: 0,
  exists: 1,
  type: 1,
  error: 1,
  assert: 2,
  encodeUrlComponent: 1,
  encodeUrl: 1,
  decodeUrlComponent: 1,
  decodeUrl: 1,
};

/** The library's functions with pictures, with their arity. */
const NATIVE_PICTURES: Readonly<Record<string, number>> = { formatNumber: 3, formatInteger: 2, parseInteger: 2 };

/** Functions of JSONata that are implemented here, so that each item is charged. */
const OWN: Readonly<Record<string, readonly [arity: number, call: Call]>> = {
  string: [1, (_, [value, pretty]) => stringOf(value, pretty === true)],
  length: [1, (_, [text]) => (text === undefined ? undefined : lengthOf(text as string))],
  substring: [
    3,
    (_, [text, start, length]) => substring(text as string | undefined, start as number, length as number | undefined),
  ],
  trim: [1, (_, [text]) => (text === undefined ? undefined : trim(text as string))],
  join: [2, (_, [texts, separator]) => join(texts as readonly string[] | undefined, (separator ?? '') as string)],
  contains: [2, contains],
  match: [3, match],
  replace: [4, replace],
  split: [3, split],
  number: [1, (_, [value]) => numberOf(value)],
  max: [1, (_, [numbers]) => best(numbers as readonly number[] | undefined, Math.max)],
  min: [1, (_, [numbers]) => best(numbers as readonly number[] | undefined, Math.min)],
  boolean: [1, (_, [value]) => truth(value)],
  not: [1, (_, [value]) => (value === undefined ? undefined : truth(value) !== true)],
  map: [2, map],
  filter: [2, filter],
  single: [2, single],
  reduce: [3, reduce],
  sift: [2, sift],
  each: [2, each],
  zip: [0, zip],
  keys: [1, (_, [value]) => keys(value)],
  lookup: [2, (_, [value, key]) => (Array.isArray(value) ? memberOfEach(value, key as string) : member(value, key as string))],
  append: [2, (_, [first, second]) => append(first, second)],
  spread: [1, (_, [value]) => spread(value)],
  merge: [1, (_, [objects]) => merge(objects as readonly object[] | undefined)],
  reverse: [1, (_, [list]) => reverse(list as readonly unknown[] | undefined)],
  shuffle: [1, (_, [list]) => shuffle(list as readonly unknown[] | undefined)],
  sort: [2, sort],
  distinct: [1, (_, [value]) => distinct(value)],
  clone: [1, (_, [value]) => (value === undefined ? undefined : copyOf(value))],
};

const BUILTINS: ReadonlyMap<string, BuiltinSpec> = new Map<string, BuiltinSpec>([
  ...Object.entries(NATIVE).map(([name, arity]) => [name, native(name, arity)] as const),
  ...Object.entries(NATIVE_PICTURES).map(([name, arity]) => [name, withPicture(name, arity)] as const),
  ...Object.entries(OWN).map(
    ([name, [arity, call]]) => [name, { arity, signature: named(`$${name}`, nativeSignature(name)), call }] as const,
  ),
  ...[...LANGUAGE_FUNCTIONS].map(([name, spec]) => [name, language(name, spec)] as const),
]);

function native(name: string, arity: number): BuiltinSpec {
  const run = nativeFunction(name);
  const call: Call = (_, args) => {
    spend(NATIVE_UNITS);
    for (const arg of args) chargeArgument(arg);
    return translated(name, () => run(...args));
  };
  return { arity, signature: named(`$${name}`, nativeSignature(name)), call };
}

function chargeArgument(arg: unknown): void {
  // An encoded URL has up to nine characters per character.
  if (typeof arg === 'string') allocateText(arg.length * 3);
  else if (Array.isArray(arg)) spend(arg.length);
}

function withPicture(name: string, arity: number): BuiltinSpec {
  const { call, ...spec } = native(name, arity);
  return {
    ...spec,
    call: (evaluation, args) => {
      spend(PICTURE_UNITS);
      for (const arg of args) {
        const characters = typeof arg === 'string' ? arg.length : typeof arg === 'object' ? (stringOf(arg)?.length ?? 0) : 0;
        if (characters > PICTURE_CHARACTERS) throw overLimit(`$${name} takes at most ${PICTURE_CHARACTERS} characters`);
      }
      return call(evaluation, args);
    },
  };
}

function language(name: string, { required, signature, call }: LanguageFunction): BuiltinSpec {
  return {
    arity: required,
    signature: signature === undefined ? undefined : named(`$${name}`, parseSignature(signature)),
    call: ({ context }, [a, b, c]) => call(context, a, b, c),
  };
}

/** The object that functions of the library throw. It is not an Error: it has a code, and sometimes a message. */
interface NativeFault {
  readonly code?: string;
  readonly message?: string;
}

const NATIVE_FAULTS: Readonly<Record<string, string>> = {
  D1001: 'the number is out of range',
  D3060: 'no square root of a negative number',
  D3061: 'the power is out of range',
  D3100: 'the radix is a whole number from 2 to 36',
  D3140: 'this is not a text of a URL',
};

function translated<Value>(name: string, run: () => Value): Value {
  try {
    return run();
  } catch (error) {
    const { code, message } = error as NativeFault;
    if (code === undefined) throw error;
    if (code === 'D3137' || code === 'D3141') throw badArgument(String(message).slice(0, MESSAGE_CHARACTERS));
    throw badArgument(`$${name}: ${NATIVE_FAULTS[code] ?? `the library rejects the arguments (${code})`}`);
  }
}

/** Returns as many arguments as the function has parameters: the value, its index or key, the whole list or object. */
function argumentsFor(target: FunctionValue, ...all: readonly unknown[]): readonly unknown[] {
  return all.slice(0, Math.max(1, target.arity));
}

function marked(list: Sequence): Sequence {
  list.sequence = true;
  return list;
}

// Texts

function join(texts: readonly string[] | undefined, separator: string): string | undefined {
  if (texts === undefined) return undefined;
  spend(texts.length);
  let characters = separator.length * Math.max(0, texts.length - 1);
  for (const text of texts) characters += text.length;
  allocateText(characters);
  return texts.join(separator);
}

function contains(evaluation: FunctionCaller, [text, token]: readonly unknown[]): boolean | undefined {
  if (text === undefined || token === undefined) return undefined;
  spendText((text as string).length);
  if (typeof token === 'string') return (text as string).includes(token);
  for (const _match of matchesOf(evaluation, token, text as string)) return true;
  return false;
}

function match(evaluation: FunctionCaller, [text, regex, limit]: readonly unknown[]): unknown {
  if (text === undefined) return undefined;
  const most = countOf('$match', limit);
  const found: Sequence = marked([]);
  if (most === 0) return found;
  for (const { match: matched, start, groups } of matchesOf(evaluation, regex, text as string)) {
    allocate(100);
    pushTo(found, { match: matched, index: start, groups });
    if (found.length >= most) break;
  }
  return found;
}

function countOf(name: string, limit: unknown): number {
  if (limit === undefined) return Infinity;
  if ((limit as number) < 0) throw badArgument(`the limit of ${name} must not be negative`);
  return limit as number;
}

function split(evaluation: FunctionCaller, [text, separator, limit]: readonly unknown[]): unknown {
  if (text === undefined) return undefined;
  const most = countOf('$split', limit);
  if (most === 0) return [];
  if (typeof separator === 'string') return splitByText(text as string, separator, most);
  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of matchesOf(evaluation, separator, text as string)) {
    pushTo(parts, (text as string).slice(from, start));
    from = end;
    if (parts.length >= most) return parts;
  }
  pushTo(parts, (text as string).slice(from));
  return parts;
}

export function splitByText(text: string, separator: string, most: number): readonly string[] {
  spendText(text.length);
  // One more than the maximum of a list, so that `reserve` throws for a list that is too long.
  const parts = text.split(separator, Math.min(Math.floor(most), LIMITS.entries + 1));
  reserve(parts.length);
  allocate(parts.length * 24);
  return parts;
}

function replace(evaluation: FunctionCaller, [text, pattern, replacement, limit]: readonly unknown[]): unknown {
  if (text === undefined) return undefined;
  if (pattern === '') throw badArgument('$replace cannot replace the empty text');
  const most = countOf('$replace', limit);
  const source = text as string;
  const parts: string[] = [];
  let from = 0;
  let count = 0;
  const put = (start: number, instead: string): void => {
    spend(1);
    allocateText(start - from + instead.length + 8);
    parts.push(source.slice(from, start), instead);
    count += 1;
  };
  if (typeof pattern === 'string') {
    if (typeof replacement !== 'string') throw badArgument('$replace can replace a text only by a text');
    spendText(source.length);
    for (let at = source.indexOf(pattern); at >= 0 && count < most; at = source.indexOf(pattern, from)) {
      put(at, replacement);
      from = at + pattern.length;
    }
  } else {
    for (const found of most === 0 ? [] : matchesOf(evaluation, pattern, source)) {
      put(
        found.start,
        typeof replacement === 'string' ? substituted(replacement, found) : replacedBy(evaluation, replacement, found),
      );
      from = found.start + found.match.length;
      if (count >= most) break;
    }
  }
  allocateText(source.length - from);
  parts.push(source.slice(from));
  return parts.join('');
}

function replacedBy(evaluation: FunctionCaller, replacement: unknown, found: Match): string {
  const instead = isFunction(replacement) ? evaluation.callback(replacement, [found]) : undefined;
  if (typeof instead !== 'string') throw badArgument('the function of $replace returned something that is not a text');
  return instead;
}

/** Expands a replacement: `$0` is the match, `$1` its first group, `$$` a dollar. The number of groups limits the digits of a reference. */
function substituted(replacement: string, { match: matched, groups }: Match): string {
  spendText(replacement.length);
  const digits = groups.length === 0 ? 1 : Math.floor(Math.log10(groups.length)) + 1;
  let made = '';
  let at = 0;
  for (let dollar = replacement.indexOf('$'); dollar >= 0; dollar = replacement.indexOf('$', at)) {
    made += replacement.slice(at, dollar);
    at = dollar + 1;
    const next = replacement.charAt(at);
    if (next === '$' || next === '0') {
      made += next === '$' ? '$' : matched;
      at += 1;
      continue;
    }
    let group = parseInt(replacement.slice(at, at + digits), 10);
    if (digits > 1 && group > groups.length) group = parseInt(replacement.slice(at, at + digits - 1), 10);
    if (Number.isNaN(group)) {
      made += '$';
      continue;
    }
    const text = groups[group - 1] ?? '';
    allocateText(text.length);
    made += text;
    at += String(group).length;
  }
  return made + replacement.slice(at);
}

// Lists

function best(numbers: readonly number[] | undefined, choose: (a: number, b: number) => number): number | undefined {
  if (numbers === undefined || numbers.length === 0) return undefined;
  spend(numbers.length);
  return numbers.reduce((a, b) => choose(a, b));
}

function map(evaluation: FunctionCaller, [list, target]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const results = marked([]);
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    const result = evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, item, index, list));
    if (result !== undefined) pushTo(results, result);
  }
  return results;
}

function filter(evaluation: FunctionCaller, [list, target]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const results = marked([]);
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    if (truth(evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, item, index, list)))) {
      pushTo(results, item);
    }
  }
  return results;
}

function single(evaluation: FunctionCaller, [list, target]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const found: unknown[] = [];
  for (const [index, item] of (list as readonly unknown[]).entries()) {
    spend(1);
    const fits =
      target === undefined ||
      truth(evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, item, index, list)));
    if (fits && found.push(item) > 1) break;
  }
  if (found.length !== 1) throw badArgument(`$single needs exactly one match, but found ${found.length === 0 ? 'none' : 'more'}`);
  return found[0];
}

function reduce(evaluation: FunctionCaller, [list, given, init]: readonly unknown[]): unknown {
  if (list === undefined) return undefined;
  const target = given as FunctionValue;
  if (target.arity < 2) throw badArgument('the function of $reduce must have at least two parameters');
  const items = list as readonly unknown[];
  const bare = init === undefined && items.length > 0;
  let result = bare ? items[0] : init;
  for (let index = bare ? 1 : 0; index < items.length; index += 1) {
    result = evaluation.callback(target, [result, items[index], index, items].slice(0, target.arity));
  }
  return result;
}

function sift(evaluation: FunctionCaller, [object, target]: readonly unknown[]): unknown {
  const kept: Record<string, unknown> = {};
  let count = 0;
  for (const key of fieldsOf(object)) {
    const value = (object as Record<string, unknown>)[key];
    if (!truth(evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, value, key, object)))) continue;
    setField(kept, key, value);
    count += 1;
  }
  return count === 0 ? undefined : kept;
}

function each(evaluation: FunctionCaller, [object, target]: readonly unknown[]): unknown {
  const results = marked([]);
  for (const key of fieldsOf(object)) {
    const value = (object as Record<string, unknown>)[key];
    const result = evaluation.callback(target as FunctionValue, argumentsFor(target as FunctionValue, value, key, object));
    if (result !== undefined) pushTo(results, result);
  }
  return results;
}

function fieldsOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !isFunction(value) ? keysOf(value) : [];
}

function zip(_evaluation: FunctionCaller, lists: readonly unknown[]): unknown {
  const shortest = lists.reduce<number>((least, list) => Math.min(least, Array.isArray(list) ? list.length : 0), Infinity);
  if (!Number.isFinite(shortest)) return [];
  reserve(shortest);
  const rows: unknown[] = [];
  for (let index = 0; index < shortest; index += 1) {
    spend(2 * lists.length);
    allocate(32 + 8 * lists.length);
    rows.push(lists.map((list) => (list as readonly unknown[])[index]));
  }
  return rows;
}

export function keys(value: unknown): Sequence {
  const found = new Set<string>();
  collectKeys(value, found);
  return marked([...found]);
}

function collectKeys(value: unknown, found: Set<string>): void {
  spend(1);
  if (Array.isArray(value)) for (const item of value) collectKeys(item, found);
  else for (const key of fieldsOf(value)) found.add(key);
  reserve(found.size > LIMITS.entries ? found.size : 0);
}

function append(first: unknown, second: unknown): unknown {
  if (first === undefined) return second;
  if (second === undefined) return first;
  const list: unknown[] = [];
  for (const side of [first, second]) {
    if (Array.isArray(side)) pushAll(list, side);
    else pushTo(list, side);
  }
  return list;
}

function spread(value: unknown): unknown {
  if (!Array.isArray(value) && (typeof value !== 'object' || value === null)) return value;
  if (isFunction(value)) return value;
  const parts = marked([]);
  collectParts(value, parts);
  return parts;
}

function collectParts(value: unknown, parts: unknown[]): void {
  spend(1);
  if (Array.isArray(value)) {
    for (const item of value) collectParts(item, parts);
    return;
  }
  if (typeof value !== 'object' || value === null || isFunction(value)) {
    if (value !== undefined) pushTo(parts, value);
    return;
  }
  for (const key of keysOf(value)) {
    const part: Record<string, unknown> = {};
    setField(part, key, (value as Record<string, unknown>)[key]);
    pushTo(parts, part);
  }
}

export function merge(objects: readonly unknown[] | undefined): Record<string, unknown> | undefined {
  if (objects === undefined) return undefined;
  const merged: Record<string, unknown> = {};
  for (const object of objects) {
    spend(1);
    for (const key of fieldsOf(object)) setField(merged, key, (object as Record<string, unknown>)[key]);
  }
  return merged;
}

function reverse(list: readonly unknown[] | undefined): unknown {
  if (list === undefined || list.length <= 1) return list;
  spend(list.length);
  allocate(list.length * 8);
  return list.toReversed();
}

function shuffle(list: readonly unknown[] | undefined): unknown {
  if (list === undefined || list.length <= 1) return list;
  spend(list.length);
  allocate(list.length * 8);
  const shuffled = [...list];
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other], shuffled[index]];
  }
  return shuffled;
}

function sort(evaluation: FunctionCaller, [list, comparator]: readonly unknown[]): unknown {
  if (list === undefined || (list as readonly unknown[]).length <= 1) return list;
  const items = list as readonly unknown[];
  if (isFunction(comparator)) return mergeSort(items, (a, b) => truth(evaluation.callback(comparator, [a, b])) === true);
  spend(items.length);
  if (items.every(isNumeric)) return mergeSort(items, (a, b) => a > b);
  if (items.every((item) => typeof item === 'string')) return mergeSort(items, (a, b) => a > b);
  throw badArgument('$sort without a function sorts only texts or only numbers');
}

/** Returns the values of a list without duplicates. Compares values by a text that is the same for equal values. */
function distinct(value: unknown): unknown {
  if (!Array.isArray(value) || value.length <= 1) return value;
  const list = value as Sequence;
  const primitives = new Set<unknown>();
  const objects = new Set<string>();
  const kept: Sequence = list.sequence ? marked([]) : [];
  for (const item of list) {
    spend(1);
    const isObject = typeof item === 'object' && item !== null && !isFunction(item);
    const [known, key] = isObject ? [objects as Set<unknown>, canonical(item)] : [primitives, item];
    if (known.has(key)) continue;
    allocate(40);
    known.add(key);
    pushTo(kept, item);
  }
  return kept;
}

/** Returns a text that is the same for equal values only: JSON with sorted fields. */
function canonical(value: unknown): string {
  if (typeof value === 'string') {
    allocateText(value.length + 2);
    return JSON.stringify(value);
  }
  spend(1);
  allocate(8);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isFunction(value)) throw badArgument('$distinct cannot compare functions inside of values');
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = keysOf(value)
    .toSorted()
    .map((key) => `${canonical(key)}:${canonical((value as Record<string, unknown>)[key])}`);
  return `{${fields.join(',')}}`;
}
