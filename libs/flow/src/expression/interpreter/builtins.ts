import { allocateText, spend } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { copyOf, FunctionValue, member, memberOfEach, stringOf, truth, type Signature, type FunctionCaller } from '../values.js';
import { LANGUAGE_FUNCTIONS, type LanguageFunction } from '../functions/language.js';
import { numberOf } from '../functions/number.js';
import { lengthOf, substring, trim } from './characters.js';
import { best, map, filter, single, reduce, zip, append, reverse, shuffle, sort, distinct } from './list-functions.js';
import { nativeFunction, nativeSignature, parseSignature } from './native.js';
import { sift, each, keys, spread, merge } from './object-functions.js';
import { named } from './signature.js';
import { join, contains, match, replace, split } from './text-functions.js';

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
