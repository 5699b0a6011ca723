import { badArgument } from '../faults.js';

/** Decimal digits that a JavaScript number always keeps. */
const DIGITS = 15;
/** Maximum characters of a text that is read as a number, including spaces. */
const MAX_CHARACTERS = 400;
const SPACES = /[\s\u00a0\u2007\u2009\u202f']/g;
const PLAIN = /^([+-]?)(\d+)(?:[.,](\d+))?$/;
const CURE = 'pass a number, or a text such as "1 234,50"';

/**
 * `$decimal(value[, places])`: rounds half away from zero on the decimal digits, as 1C does. It computes with decimal digits, so binary
 * fractions cause no error: 1.005 to two places is 1.01.
 */
export function decimal(value: unknown, places: unknown): number | undefined {
  if (value === undefined) return undefined;
  const { negative, digits, scale } = typeof value === 'number' ? fromNumber(value) : fromText(value);
  const kept = places === undefined ? scale : readPlaces(places);
  const rounded = scale <= kept ? digits : divideHalfUp(digits, 10n ** BigInt(scale - kept));
  if (String(rounded).length > DIGITS && typeof value !== 'number') {
    throw badArgument(`$decimal keeps ${DIGITS} digits, but this text has more`, 'keep it as a text');
  }
  const magnitude = Number(`${rounded}e-${Math.min(scale, kept)}`);
  return negative && magnitude !== 0 ? -magnitude : magnitude;
}

interface Decimal {
  readonly negative: boolean;
  /** All digits, without the point. */
  readonly digits: bigint;
  /** Number of digits after the point. */
  readonly scale: number;
}

function fromNumber(value: number): Decimal {
  if (!Number.isFinite(value)) throw badArgument(`$decimal cannot take ${value}`, CURE);
  const [mantissa = '', exponent = '0'] = Math.abs(value)
    .toExponential(DIGITS - 1)
    .split('e');
  const digits = BigInt(mantissa.replace('.', ''));
  const scale = DIGITS - 1 - Number(exponent);
  if (scale >= 0) return { negative: value < 0, digits, scale };
  return { negative: value < 0, digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

function fromText(value: unknown): Decimal {
  if (typeof value !== 'string') throw badArgument('$decimal takes a number or a text', CURE);
  if (value.length > MAX_CHARACTERS) throw badArgument(`$decimal takes a text of at most ${MAX_CHARACTERS} characters`, CURE);
  const match = PLAIN.exec(value.replace(SPACES, '').replace('\u2212', '-'));
  if (!match) throw badArgument('$decimal was given a text that is not a number', CURE);
  const [, sign, whole = '', fraction = ''] = match;
  return { negative: sign === '-', digits: BigInt(whole + fraction), scale: fraction.length };
}

function readPlaces(places: unknown): number {
  if (Number.isInteger(places) && (places as number) >= 0 && (places as number) <= DIGITS) return places as number;
  throw badArgument(`the places of $decimal are a whole number from 0 to ${DIGITS}`);
}

function divideHalfUp(digits: bigint, divisor: bigint): bigint {
  return (digits + divisor / 2n) / divisor;
}
