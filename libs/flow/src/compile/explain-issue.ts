import type { z } from 'zod';
import { lowerFirst } from '../lower-first.js';
import { nearest } from '../nearest.js';
import { replacing, type Cure } from '../report.js';
import type { Span } from '../yaml/source-text.js';
import { scalarText } from '../yaml/spell.js';

/**
 * Explains a schema's issue with a value in the words of the flow language, with a cure where one is obvious. Never shows the value.
 * @param at the place of a value that is written literally; a fix replaces it
 */
export function explainIssue(issue: z.core.$ZodIssue, value: unknown, at?: Span): { readonly says: string; readonly cure: Cure } {
  if (issue.code === 'too_small' && issue.minimum === 1 && issue.origin === 'string')
    return { says: 'must not be empty', cure: { do: 'write a text of at least one character' } };
  if (issue.code === 'invalid_format' && issue.format === 'url') return wrongUrl(issue, value);
  // a plugin's own message is more specific than ours
  if (issue.message.startsWith('Invalid')) {
    if (issue.code === 'invalid_type')
      return wrongType(issue.expected, value, at) ?? { says: lowerFirst(issue.message), cure: AS_DESCRIBED };
    if (issue.code === 'invalid_value' && issue.values.length > 1) return noneOf(issue.values.map(String), value, at);
  }
  return { says: lowerFirst(issue.message), cure: AS_DESCRIBED };
}

/** The cure where the message of a schema itself describes the values that are possible. */
const AS_DESCRIBED: Cure = { do: 'write a value that the message describes' };

function wrongUrl({ message }: z.core.$ZodIssue, value: unknown): { says: string; cure: Cure } {
  const says = message.startsWith('Invalid') ? 'must be a whole address (URL)' : lowerFirst(message);
  const bare = typeof value === 'string' && /^[\w.-]+(?::\d+)?(?:\/\S*)?$/.test(value);
  return { says, cure: bare ? { write: `http://${value}` } : { do: 'write it with its protocol: http://server/base/hs/gate' } };
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function wrongType(expected: string, value: unknown, at?: Span): { says: string; cure: Cure } | undefined {
  const wanted = TYPES[expected];
  const given = typeOf(value);
  if (wanted === undefined || given === wanted) return undefined;
  return { says: `must be ${wanted}, not ${given}`, cure: cureOf(expected, value, at) };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return TYPES[Array.isArray(value) ? 'array' : typeof value] ?? 'this';
}

function cureOf(expected: string, value: unknown, at?: Span): Cure {
  const isText = typeof value === 'string';
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return { do: 'put it in quotes' };
  if (at && expected === 'boolean' && (value === 'true' || value === 'false')) return replacing(at, value);
  if (expected === 'boolean' && isText) return { do: 'write true or false, without quotes' };
  if ((expected === 'number' || expected === 'int') && isText && value.trim() !== '' && !Number.isNaN(Number(value)))
    return at && String(Number(value)) === value ? replacing(at, value) : { do: 'write it without quotes' };
  if (expected === 'array') return { do: 'write a list: [ … ], or a line with "- " for each item' };
  if (expected === 'object' || expected === 'record') return { do: 'write its keys, each with a value' };
  return { do: `write ${TYPES[expected] ?? 'another value'}` };
}

function noneOf(values: readonly string[], value: unknown, at?: Span): { says: string; cure: Cure } {
  const near = typeof value === 'string' ? nearest(value, values) : undefined;
  const says = `must be one of ${values.join(', ')}`;
  if (near === undefined) return { says, cure: { do: 'write one of them' } };
  return { says, cure: at ? replacing(at, scalarText(near), near) : { write: near } };
}
