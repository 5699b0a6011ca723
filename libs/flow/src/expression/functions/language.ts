import type { EvaluationContext } from '../../model.js';
import { badArgument } from '../faults.js';
import { dateTime1C, fromMillis, instant, toMillis } from './dates.js';
import { decimal } from './decimal.js';
import { phone } from './phone.js';
import { base64decode, base64encode, hash, pad, parse } from './texts.js';
import { xml } from './xml.js';

export interface LanguageFunction {
  /** Arguments without which it makes no sense. */
  readonly required: number;
  /** Parameters in all, at most three. */
  readonly parameters: number;
  /** JSONata's: checks the arguments, and puts the context value in the place of a missing one. Absent: the function checks itself. */
  readonly signature?: string;
  /** An argument that is missing is undefined, and so is nothing. */
  readonly call: (context: EvaluationContext, a: unknown, b: unknown, c: unknown) => unknown;
}

/** The functions that the language adds to JSONata's, or puts in the place of JSONata's. */
export const LANGUAGE_FUNCTIONS: ReadonlyMap<string, LanguageFunction> = new Map<string, LanguageFunction>([
  ['decimal', { required: 1, parameters: 2, call: (_, value, places) => decimal(value, places) }],
  ['dateTime1C', { required: 1, parameters: 2, call: dateTime1C }],
  ['instant', { required: 1, parameters: 2, call: instant }],
  ['phone', { required: 1, parameters: 2, call: (context, text, land = context.country) => phone(text, land) }],
  ['uuid', { required: 0, parameters: 1, call: uuid }],
  ['hash', { required: 1, parameters: 2, call: (_, text, algorithm) => hash(text, algorithm) }],
  ['parse', { required: 1, parameters: 1, call: (_, text) => parse(text) }],
  ['xml', { required: 1, parameters: 1, call: (_, text) => xml(text) }],
  // The library's $now and $millis read the clock of the machine, so a test could not set them.
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

/** `$uuid([name])`: the same in every attempt and redelivery of a run. */
function uuid(context: EvaluationContext, name: unknown): string {
  if (name === undefined) return context.uuid();
  if (typeof name === 'string' || typeof name === 'number') return context.uuid(String(name));
  throw badArgument('the name of $uuid is a text');
}

/** JSONata's functions that stay as they are. */
const NATIVE =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim match contains replace ' +
  'split join formatNumber formatBase formatInteger parseInteger number floor ceil abs round sqrt power random boolean not map zip ' +
  'filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct ' +
  'encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl clone';

/** Every function that an expression may call, without the `$`. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([...NATIVE.split(' '), ...LANGUAGE_FUNCTIONS.keys()]);
