import { bodyFail } from './charset.js';
import { findJsonMistake } from './json-mistake.js';

/** Treatment of a number that a double cannot hold: `refuse` throws, `text` keeps its digits as a text. */
export type LossyNumbers = 'refuse' | 'text';

/** Maximum nesting of objects and lists. Functions that write, copy or validate a value are recursive and use stack for each level. */
const MAX_LEVELS = 1_000;

/**
 * Parses JSON. A byte order mark before it is ignored.
 *
 * @throws `BODY_INVALID` with line and column for a text that is not JSON, for more than 1,000 levels of objects and lists, and with a JSON
 *   Pointer (RFC 6901) for a key that occurs twice in an object and, unless `lossyNumbers` is `text`, for a number that would be rounded.
 *   The message does not quote the text.
 */
export function parseJson(text: string, lossyNumbers: LossyNumbers = 'refuse'): unknown {
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  const value = parse(json);
  const { keys, levels, longNumbers } = survey(json);
  if (levels > MAX_LEVELS)
    throw bodyFail.BODY_INVALID(`the body has ${levels} levels of objects and lists: the limit is ${MAX_LEVELS}`, {
      sent: 'no',
    });
  if (keys !== keysIn(value)) throw keyTwice(json);
  if (!longNumbers) return value;
  if (lossyNumbers === 'text') return JSON.parse(quoteLossyNumbers(json)) as unknown;
  const pointer = pointerTo(json, (token) => isLossy(token));
  if (pointer === undefined) return value;
  throw bodyFail.BODY_INVALID(
    `the number at ${pointer} has more digits than JavaScript can hold and would be rounded: send it as a text`,
    {
      details: { pointer },
      sent: 'no',
    },
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    const { line, column, expected: wanted } = findJsonMistake(json);
    throw bodyFail.BODY_INVALID(`the body is not JSON: at line ${line}, column ${column} JSON requires ${wanted}`, {
      details: { line, column },
      sent: 'no',
    });
  }
}

function keyTwice(json: string): Error {
  const pointer = pointerTo(json, (token, level) => {
    if (token !== ':' || level === undefined) return false;
    if (level.keys.has(level.key)) return true;
    level.keys.add(level.key);
    return false;
  });
  return bodyFail.BODY_INVALID(`the key at ${pointer} occurs twice in its object`, { details: { pointer }, sent: 'no' });
}

const BACKSLASH = 0x5c;
const COLON = 0x3a;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_E = 0x65;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const LOWER_CASE = 0x20; // the bit that turns a letter into lower case, and a bracket into a brace
/** A number with fewer digits and no exponent is never lossy. */
const MIN_LOSSY_DIGITS = 16;

interface Survey {
  /** Number of keys in all objects. */
  readonly keys: number;
  /** Maximum nesting of objects and lists. */
  readonly levels: number;
  /** Whether a number is long or has an exponent. */
  readonly longNumbers: boolean;
}

/** Walks a valid JSON text once. Optimised for speed, because every body passes through this function. */
function survey(json: string): Survey {
  let keys = 0;
  let longNumbers = false;
  let digits = 0;
  let level = 0;
  let levels = 0;
  for (let at = 0; at < json.length;) {
    const quote = json.indexOf('"', at);
    const end = quote < 0 ? json.length : quote;
    for (; at < end; at++) {
      const code = json.charCodeAt(at);
      if (code >= ZERO && code <= NINE) {
        if (++digits >= MIN_LOSSY_DIGITS) longNumbers = true;
      } else if (code === COLON) {
        keys++;
        digits = 0;
      } else if (code !== POINT) {
        const lower = code | LOWER_CASE;
        if (digits > 0 && lower === SMALL_E) longNumbers = true;
        else if (lower === OPENING_BRACE) levels = Math.max(levels, ++level);
        else if (lower === CLOSING_BRACE) level--;
        digits = 0;
      }
    }
    digits = 0;
    if (quote >= 0) at = endOfText(json, quote);
  }
  return { keys, levels, longNumbers };
}

/** Returns the index after the closing quotation mark of the text that begins at `from`. */
function endOfText(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); ; at = json.indexOf('"', at + 1)) {
    let first = at;
    while (json.charCodeAt(first - 1) === BACKSLASH) first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
}

/** Counts the keys of all objects in a value that `JSON.parse` returned, without recursion: a body may be nested deeply. */
function keysIn(value: unknown): number {
  let count = 0;
  let next = value;
  for (const waiting: object[] = []; ; next = waiting.pop()) {
    if (Array.isArray(next)) {
      for (const inner of next as readonly unknown[]) if (typeof inner === 'object' && inner !== null) waiting.push(inner);
    } else if (typeof next === 'object' && next !== null) {
      // an object that JSON.parse returned inherits no enumerable keys
      for (const key in next) {
        count++;
        const inner = (next as Readonly<Record<string, unknown>>)[key];
        if (typeof inner === 'object' && inner !== null) waiting.push(inner);
      }
    }
    if (waiting.length === 0) return count;
  }
}

interface Level {
  readonly list: boolean;
  readonly keys: Set<string>;
  index: number;
  key: string;
}

const TOKEN = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}[\],:]/g;

function quoteLossyNumbers(json: string): string {
  const parts: string[] = [];
  let from = 0;
  const next = new RegExp(TOKEN);
  for (let match = next.exec(json); match; match = next.exec(json)) {
    const [token] = match;
    if (token === '"') next.lastIndex = endOfText(json, match.index);
    else if (isLossy(token)) {
      parts.push(json.slice(from, match.index), '"', token, '"');
      from = next.lastIndex;
    }
  }
  return parts.join('') + json.slice(from);
}

/** Returns a pointer to the first token of a valid JSON text that satisfies `isWanted`, or undefined. */
function pointerTo(json: string, isWanted: (token: string, level: Level | undefined) => boolean): string | undefined {
  const levels: Level[] = [];
  let last = '';
  const next = new RegExp(TOKEN);
  for (let match = next.exec(json); match; match = next.exec(json)) {
    const at = match.index;
    if (match[0] === '"') next.lastIndex = endOfText(json, at);
    const token = json.slice(at, next.lastIndex);
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push({ list: token === '[', keys: new Set(), index: 0, key: '' });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ':' && level) level.key = JSON.parse(last) as string;
    else if (token === ',' && level) level.index++;
    if (isWanted(token, level)) return pointerOf(levels);
    last = token;
  }
  return undefined;
}

function pointerOf(levels: readonly Level[]): string {
  const words = levels.map((level) => (level.list ? String(level.index) : level.key.replaceAll('~', '~0').replaceAll('/', '~1')));
  return words.length === 0 ? 'the top' : `/${words.join('/')}`;
}

const NUMBER = /^-?0*(\d*?)(?:\.(\d+))?(?:[eE][+-]?\d+)?$/;
const MAX_PRECISION = 100; // of toPrecision
/** A number with fewer digits before the point keeps its hundredths exactly; only digits far after the point are lost. */
const EXACT_WHOLE_DIGITS = 14;

/**
 * Returns whether JavaScript would change this number noticeably: an integer above 2^53−1, a number outside the range of a double, or one
 * so large that digits before the point or the hundredths are lost. A quotient such as 33.333333333333333333333333333 keeps the 17 digits
 * of a double and is not lossy.
 */
function isLossy(token: string): boolean {
  if (/^-?\d+$/.test(token)) return !Number.isSafeInteger(Number(token));
  const [, whole, fraction] = NUMBER.exec(token) ?? [];
  if (whole === undefined) return false; // not a number
  const number = Number(token);
  // leading and trailing zeros carry no precision
  const digits = (whole + (fraction ?? '')).replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return false;
  if (!Number.isFinite(number) || number === 0) return true;
  if (Math.abs(number) < 10 ** (EXACT_WHOLE_DIGITS - 1) || digits.length <= 15) return false;
  if (digits.length > MAX_PRECISION) return true;
  const kept = number
    .toPrecision(digits.length)
    .replace(/e.*$/, '')
    .replaceAll(/[-.]/g, '')
    .replace(/^0+/, '')
    .replace(/0+$/, '');
  return kept !== digits;
}
