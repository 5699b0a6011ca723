import jsonata from 'jsonata';
import { DateTime, IANAZone } from 'luxon';
import type { EvaluationContext } from '../../model.js';
import { badArgument } from '../faults.js';

/** What 1C writes for "no date". */
const EMPTY_1C = '0001-01-01T00:00:00';
const DATE = /^\d{4}-\d\d-\d\d(T|$)/;
const CURE = 'give ISO 8601, for instance 2026-02-01T10:00:00+03:00';

/** `$dateTime1C(value[, zone])`: local time as 1C writes it, without a zone. Null and the empty text give 1C's empty date. */
export function dateTime1C(context: EvaluationContext, value: unknown, zone: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === '') return EMPTY_1C;
  return readTime('$dateTime1C', context, value, zone).toFormat("yyyy-MM-dd'T'HH:mm:ss");
}

/** `$instant(text[, zone])`: ISO 8601 in UTC; a text without a zone is local time. 1C's empty date gives null. */
export function instant(context: EvaluationContext, value: unknown, zone: unknown): string | null | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === '' || isEmptyDate(value)) return null;
  return new Date(readTime('$instant', context, value, zone).toMillis()).toISOString();
}

/** `$toMillis(text[, picture])`: like the library's, but a text without a zone is local time in `settings.timezone`. */
export function toMillis(
  context: EvaluationContext,
  text: unknown,
  picture: unknown,
): number | undefined | Promise<number | undefined> {
  if (text === undefined) return undefined;
  if (picture === undefined) return readTime('$toMillis', context, text, undefined).toMillis();
  return parsePicture(context, text, picture);
}

const NATIVE_TO_MILLIS = jsonata('$toMillis(text, picture)');
const NATIVE_FROM_MILLIS = jsonata('$fromMillis(millis, picture, zone)');

async function parsePicture(context: EvaluationContext, text: unknown, picture: unknown): Promise<number | undefined> {
  const millis = (await NATIVE_TO_MILLIS.evaluate({ text, picture })) as number | undefined;
  if (millis === undefined || /\[[Zz]/.test(String(picture))) return millis;
  const zone = readZone('$toMillis', context, undefined);
  return DateTime.fromMillis(millis, { zone: 'utc' }).setZone(zone, { keepLocalTime: true }).toMillis();
}

/** `$fromMillis(millis[, picture[, zone]])`: like the library's, but a zone may be named. */
export function fromMillis(millis: unknown, picture: unknown, zone: unknown): string | undefined | Promise<unknown> {
  if (millis === undefined) return undefined;
  if (picture === undefined && zone === undefined && isTime(millis)) return new Date(millis).toISOString();
  return NATIVE_FROM_MILLIS.evaluate({ millis, picture, zone: offsetOf(millis, zone) }) as Promise<unknown>;
}

export function isTime(millis: unknown): millis is number {
  return Number.isInteger(millis) && (millis as number) >= 0 && (millis as number) < 253_402_300_800_000;
}

/** The library takes `+0300` and no names. */
function offsetOf(millis: unknown, zone: unknown): unknown {
  if (typeof zone !== 'string' || typeof millis !== 'number' || !IANAZone.create(zone).isValid) return zone;
  return DateTime.fromMillis(millis, { zone }).toFormat('ZZZ');
}

function readTime(name: string, context: EvaluationContext, value: unknown, zone: unknown): DateTime {
  if (typeof value === 'number') return valid(name, DateTime.fromMillis(value, { zone: readZone(name, context, zone) }));
  if (typeof value !== 'string' || !DATE.test(value)) throw badArgument(`${name} was given something that is no date`, CURE);
  const zoned = /T.*(Z|[+-]\d\d(:?\d\d)?)$/.test(value) && zone === undefined && name !== '$dateTime1C';
  return valid(name, DateTime.fromISO(value, { zone: zoned ? 'utc' : readZone(name, context, zone) }));
}

function valid(name: string, time: DateTime): DateTime {
  if (time.isValid) return time;
  throw badArgument(`${name} was given something that is no date (${time.invalidReason ?? 'invalid'})`, CURE);
}

function readZone(name: string, context: EvaluationContext, zone: unknown): string {
  const wanted = zone ?? context.timezone;
  if (wanted === undefined)
    throw badArgument(`${name} needs a time zone`, 'set settings.timezone, or give the zone as an argument');
  if (typeof wanted === 'string' && IANAZone.create(wanted).isValid) return wanted;
  throw badArgument(`${name} knows no time zone ${JSON.stringify(wanted)}`, 'give an IANA name, for instance Europe/Moscow');
}

function isEmptyDate(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('0001-01-01');
}
