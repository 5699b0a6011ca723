import type { EvaluationContext } from '../../model.js';
import { badArgument } from '../faults.js';
import { dateTime1C, fromMillis, instant, toMillis } from './dates.js';
import { decimal } from './decimal.js';
import { phone } from './phone.js';
import { base64decode, base64encode, hash, pad, parse } from './texts.js';
import { xml } from './xml.js';

export interface LanguageFunction {
  /** Number of required arguments. */
  readonly required: number;
  /** Number of all parameters, at most three. */
  readonly parameters: number;
  /** Signature of JSONata: checks the arguments, replaces a missing one by the context value. Absent when the function checks itself. */
  readonly signature?: string;
  /** A missing argument, and an argument without a value, is undefined. */
  readonly call: (context: EvaluationContext, a: unknown, b: unknown, c: unknown) => unknown;
}

/** The functions that the language adds to JSONata, or that replace functions of JSONata. */
export const LANGUAGE_FUNCTIONS: ReadonlyMap<string, LanguageFunction> = new Map<string, LanguageFunction>([
  ['decimal', { required: 1, parameters: 2, call: (_, value, places) => decimal(value, places) }],
  ['dateTime1C', { required: 1, parameters: 2, call: dateTime1C }],
  ['instant', { required: 1, parameters: 2, call: instant }],
  ['phone', { required: 1, parameters: 2, call: (context, text, land = context.country) => phone(text, land) }],
  ['uuid', { required: 0, parameters: 1, call: uuid }],
  ['hash', { required: 1, parameters: 2, call: (_, text, algorithm) => hash(text, algorithm) }],
  ['parse', { required: 1, parameters: 1, call: (_, text) => parse(text) }],
  ['xml', { required: 1, parameters: 1, call: (_, text) => xml(text) }],
  // The library's $now and $millis read the clock of the machine, so a test could not set the time.
  ['now', { required: 0, parameters: 2, signature: '<s?s?:s>', call: now }],
  ['millis', { required: 0, parameters: 0, signature: '<:n>', call: (context) => context.now }],
  ['toMillis', { required: 1, parameters: 2, signature: '<s-s?:n>', call: toMillis }],
  ['fromMillis', { required: 1, parameters: 3, signature: '<n-s?s?:s>', call: (_, ...given) => fromMillis(...given) }],
  ['base64encode', { required: 1, parameters: 1, signature: '<s-:s>', call: (_, text) => base64encode(text) }],
  ['base64decode', { required: 1, parameters: 1, signature: '<s-:s>', call: (_, text) => base64decode(text) }],
  ['pad', { required: 2, parameters: 3, signature: '<s-ns?:s>', call: (_, ...given) => pad(...given) }],
]);

function now(context: EvaluationContext, picture: unknown, zone: unknown): unknown {
  return fromMillis(context.now, picture, zone);
}

/** `$uuid([name])`: returns the same id in each attempt and redelivery of a run. */
function uuid(context: EvaluationContext, name: unknown): string {
  if (name === undefined) return context.uuid();
  if (typeof name === 'string' || typeof name === 'number') return context.uuid(String(name));
  throw badArgument('the name of $uuid is a text');
}

/** The functions of JSONata that remain unchanged. */
const NATIVE =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim match contains replace ' +
  'split join formatNumber formatBase formatInteger parseInteger number floor ceil abs round sqrt power random boolean not map zip ' +
  'filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct ' +
  'encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl clone';

/** Names of all functions that an expression may call, without the `$`. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([...NATIVE.split(' '), ...LANGUAGE_FUNCTIONS.keys()]);
