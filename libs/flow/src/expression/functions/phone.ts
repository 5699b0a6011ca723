import { createRequire } from 'node:module';
import type { CountryCode } from 'libphonenumber-js/min';
import { spend } from '../budget.js';
import { badArgument } from '../faults.js';

const require = createRequire(import.meta.url);

/** Loaded with the first call: the check of a workspace reads no number, and the library has a hundred modules. */
const library = (): typeof import('libphonenumber-js/min') => require('libphonenumber-js/min') as never;

/** Maximum digits of an extension, a number within a company. Extensions are returned unchanged. */
const EXTENSION = 6;
/** Maximum characters of a text that can be a phone number. */
const MAX_CHARACTERS = 250;
/** Work of reading one number. */
const PARSING_UNITS = 100;
const PHONE = /^[\d\s()+.\-\u2010-\u2015\u00a0/]+$/;

/**
 * `$phone(text[, country])`: returns the digits in international form without a plus, or undefined when the text cannot be a phone
 * number. Checks the length, but not whether the number is assigned.
 */
export function phone(value: unknown, country: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') throw badArgument('$phone takes a text');
  if (String(value).length > MAX_CHARACTERS) return undefined;
  spend(PARSING_UNITS);
  const text = String(value).trim();
  const digits = text.replace(/\D/g, '');
  if (PHONE.test(text) && digits.length > 0 && digits.length <= EXTENSION) return digits;
  const parsed = library().parsePhoneNumberFromString(text, readCountry(country));
  return parsed?.isPossible() ? parsed.number.slice(1) : undefined;
}

function readCountry(value: unknown): CountryCode {
  if (typeof value === 'string' && library().isSupportedCountry(value)) return value;
  throw badArgument('$phone does not know this country', 'write two capital letters, for instance RU');
}
