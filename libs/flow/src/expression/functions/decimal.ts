import Big from 'big.js';
import { badArgument } from '../faults.js';

/** Decimal digits that a JavaScript number always keeps. */
const DIGITS = 15;
/** Maximum characters of a text that is read as a number, including spaces. */
const MAX_CHARACTERS = 400;
const SPACES = /[\s\u00a0\u2007\u2009\u202f']/g;
const PLAIN = /^[+-]?\d+(?:[.,]\d+)?$/;
const CURE = 'pass a number, or a text such as "1 234,50"';

/**
 * `$decimal(value[, places])`: rounds half away from zero on the decimal digits, as 1C does. It computes with decimal digits, so binary
 * fractions cause no error: 1.005 to two places is 1.01.
 */
export function decimal(value: unknown, places: unknown): number | undefined {
  if (value === undefined) return undefined;
  const read = typeof value === 'number' ? fromNumber(value) : fromText(value);
  const rounded = places === undefined ? read : read.round(readPlaces(places), Big.roundHalfUp);
  if (typeof value !== 'number' && Math.max(rounded.c.length, rounded.e + 1) > DIGITS)
    throw badArgument(`$decimal keeps ${DIGITS} digits, but this text has more`, 'keep it as a text');
  return rounded.eq(0) ? 0 : rounded.toNumber();
}

function fromNumber(value: number): Big {
  if (!Number.isFinite(value)) throw badArgument(`$decimal cannot take ${value}`, CURE);
  return new Big(value.toPrecision(DIGITS));
}

function fromText(value: unknown): Big {
  if (typeof value !== 'string') throw badArgument('$decimal takes a number or a text', CURE);
  if (value.length > MAX_CHARACTERS) throw badArgument(`$decimal takes a text of at most ${MAX_CHARACTERS} characters`, CURE);
  const plain = value.replace(SPACES, '').replace('\u2212', '-');
  if (!PLAIN.test(plain)) throw badArgument('$decimal was given a text that is not a number', CURE);
  return new Big(plain.replace(/^\+/, '').replace(',', '.'));
}

function readPlaces(places: unknown): number {
  if (Number.isInteger(places) && (places as number) >= 0 && (places as number) <= DIGITS) return places as number;
  throw badArgument(`the places of $decimal are a whole number from 0 to ${DIGITS}`);
}
