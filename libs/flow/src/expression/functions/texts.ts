import { createHash } from 'node:crypto';
import { isSluiceError, parseJson } from '@sluice/plugin-api';
import { allocate, allocateText, spendText } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { lengthOf } from '../interpreter/characters.js';
import { LIMITS } from '../limits.js';

/** Fixed work of one digest, in characters. */
const DIGEST_CHARACTERS = 1000;
const ALGORITHMS = ['sha256', 'sha1', 'sha512', 'md5'];

/** `$hash(text[, algorithm])`: returns the digest in hex digits. */
export function hash(text: unknown, algorithm: unknown = 'sha256'): string | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw badArgument('$hash takes a text', 'write $hash($string(…))');
  if (!ALGORITHMS.includes(algorithm as string))
    throw badArgument(`$hash does not support this algorithm`, `use one of ${ALGORITHMS.join(', ')}`);
  // A digest takes a few microseconds for any text.
  spendText(text.length + DIGEST_CHARACTERS);
  return createHash(algorithm as string)
    .update(text)
    .digest('hex');
}

/** Maximum bytes of a JSON value per character of its text (`[[],[],…`). */
const JSON_BYTES_PER_CHARACTER = 16;

/** `$parse(text)`: parses JSON in a text; rejects integers that JavaScript would round. The error message does not quote the text. */
export function parse(text: unknown): unknown {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw badArgument('$parse takes a text', 'a value that is already data needs no $parse');
  // A value takes several times the memory of its text.
  allocateText(text.length);
  allocate(text.length * JSON_BYTES_PER_CHARACTER);
  const json = text.startsWith('\ufeff') ? text.slice(1) : text;
  const value = parsed(json);
  // Only a long sequence of digits can be a number that would be rounded.
  if (!/\d{16}/.test(json)) return value;
  try {
    return parseJson(json);
  } catch (error) {
    if (isSluiceError(error) && hasPointer(error.options.details))
      throw badArgument(`$parse: ${error.message}`, 'have the remote system send this number as a text, in quotes');
    throw error;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw badArgument('$parse was given a text that is not JSON');
  }
}

/** Returns whether the details belong to the error about a number that would be rounded. */
function hasPointer(details: unknown): boolean {
  return typeof details === 'object' && details !== null && 'pointer' in details;
}

/** `$base64encode(text)`: encodes the UTF-8 of the text (the library's function loses characters beyond Latin-1). */
export function base64encode(text: unknown): string | undefined {
  if (text === undefined) return undefined;
  allocateText((text as string).length * 4);
  return Buffer.from(text as string, 'utf8').toString('base64');
}

/** `$base64decode(text)`: decodes UTF-8 in Base64 to a text. */
export function base64decode(text: unknown): string | undefined {
  if (text === undefined) return undefined;
  allocateText((text as string).length);
  return Buffer.from(text as string, 'base64').toString('utf8');
}

/** `$pad(text, width[, char])`: like the library's function, but with a limit on the width. Counts code points, not UTF-16 units. */
export function pad(text: unknown, width: unknown, char: unknown): string | undefined {
  if (text === undefined) return undefined;
  const wanted = Math.trunc(width as number);
  const missing = Math.abs(wanted) - lengthOf(text as string);
  if (missing > LIMITS.entries) throw overLimit(`$pad adds at most ${LIMITS.entries} characters`);
  if (!(missing > 0)) return text as string;
  const filler = [...((char as string | undefined) || ' ').slice(0, 2 * LIMITS.entries)];
  allocateText((text as string).length + missing * 8);
  const padding = Array.from({ length: missing }, (_, index) => filler[index % filler.length]).join('');
  return wanted > 0 ? (text as string) + padding : padding + (text as string);
}
