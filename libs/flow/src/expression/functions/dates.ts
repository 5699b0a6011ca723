import { DateTime, type Zone } from 'luxon';
import type { EvaluationContext } from '../../model.js';
import { spend } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { nativeFunction } from '../interpreter/native.js';
import { momentOf, pictureOffset, zoneOf } from './zones.js';

/** The empty date of 1C. */
const EMPTY_1C = '0001-01-01T00:00:00';
const DATE = /^\d{4}-\d\d-\d\d(T|$)/;
const HAS_OFFSET = /(Z|[+-]\d\d(:?\d\d)?)$/;
/** Work of reading a date with its zone, or of processing a picture. */
const DATE_UNITS = 400;
/** Maximum characters of a date in ISO 8601. */
const MAX_DATE_CHARACTERS = 64;
/** Maximum characters of a formatted date, and of a picture. */
const MAX_PICTURE_CHARACTERS = 200;
const CURE = 'pass ISO 8601, for instance 2026-02-01T10:00:00+03:00';

/** `$dateTime1C(value[, zone])`: local time in 1C's format, without a zone. Null and the empty text become 1C's empty date. */
export function dateTime1C(context: EvaluationContext, value: unknown, zone: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === '') return EMPTY_1C;
  return readTime('$dateTime1C', context, value, zone).toFormat("yyyy-MM-dd'T'HH:mm:ss");
}

/** `$instant(text[, zone])`: ISO 8601 in UTC. A text without a zone is local time. 1C's empty date becomes null. */
export function instant(context: EvaluationContext, value: unknown, zone: unknown): string | null | undefined {
  if (value === undefined) return undefined;
  if (value === null || value === '' || isEmptyDate(value)) return null;
  return new Date(readTime('$instant', context, value, zone).toMillis()).toISOString();
}

/**
 * Returns the moment of a text in ISO 8601, in milliseconds since 1970; undefined when it is absent or no time.
 *
 * @param timezone of a text without an offset. Default: UTC
 */
export function readInstant(text: string | undefined, timezone = 'utc'): number | undefined {
  if (text === undefined || text.length > MAX_DATE_CHARACTERS || !DATE.test(text)) return undefined;
  const time = DateTime.fromISO(text, { zone: timezone });
  return time.isValid ? time.toMillis() : undefined;
}

/** `$toMillis(text[, picture])`: like the library's function, but a text without a zone is local time in `settings.timezone`. */
export function toMillis(context: EvaluationContext, text: unknown, picture: unknown): number | undefined {
  if (text === undefined) return undefined;
  if (picture === undefined) return readTime('$toMillis', context, text, undefined).toMillis();
  return parsePicture(context, text as string, picture as string);
}

const parseNative = nativeFunction('toMillis');
const formatNative = nativeFunction('fromMillis');

function parsePicture(context: EvaluationContext, text: string, picture: string): number | undefined {
  checkPicture('$toMillis', text, picture);
  // The library takes missing parts of the date from its own clock.
  const focus = { environment: { timestamp: new Date(context.now) } };
  const millis = withPicture('$toMillis', () => parseNative.call(focus, text, picture)) as number | undefined;
  if (millis === undefined) return undefined;
  if (!Number.isFinite(millis)) throw badArgument('$toMillis was given something that is not a date');
  if (/\[\s*[Zz]/.test(picture)) return corrected(text, picture, millis);
  refuseOverflow(text, withPicture('$toMillis', () => formatNative(millis, picture)) as string, picture);
  const zone = readZone('$toMillis', context, undefined);
  return momentOf('$toMillis', DateTime.fromMillis(millis, { zone: 'utc' }), zone).toMillis();
}

/** Corrects negative offsets: the library reads `-05:30` as minus five hours plus 30 minutes. */
function corrected(text: string, picture: string, millis: number): number {
  const last = /\[\s*[Zz][^\]]*\]$/.test(picture);
  const offset = /([+-])(\d\d?):?(\d\d)?$/.exec(text);
  if (!last || !offset) {
    if (/-\d\d?:?(?:0[1-9]|[1-5]\d)(?!\d)/.test(text)) {
      throw badArgument(
        '$toMillis cannot read an offset with minutes here',
        'put the offset at the end of the text and of the picture',
      );
    }
    return millis;
  }
  const [, sign, hours, minutes = '0'] = offset;
  const moment = sign === '-' ? millis + 2 * Number(minutes) * 60_000 : millis;
  const zone = zoneOf(`${sign}${(hours as string).padStart(2, '0')}${minutes.padStart(2, '0')}`);
  if (!zone) throw badArgument('$toMillis was given an invalid offset');
  refuseOverflow(text, fromMillis(moment, picture, zone.formatOffset(moment, 'techie')) as string, picture);
  return moment;
}

/** Rejects dates such as the 32nd of January, which the library reads as the 1st of February. */
function refuseOverflow(text: string, again: string, picture: string): void {
  const [given, written] = [text, again].map((each) => (each.match(/\d+/g) ?? []).map(Number)) as [number[], number[]];
  if (/\[\s*f/.test(picture) || given.length !== written.length) return;
  if (given.every((number, index) => number === written[index])) return;
  throw badArgument('$toMillis was given something that is not a date: a day, a month or a time is out of range');
}

/** `$fromMillis(millis[, picture[, zone]])`: like the library's function, but a zone may be a name or any spelling of an offset. */
export function fromMillis(millis: unknown, picture: unknown, zone: unknown): string | undefined {
  if (millis === undefined) return undefined;
  if (picture === undefined && zone === undefined && isTime(millis)) return new Date(millis).toISOString();
  if (!Number.isFinite(millis) || Math.abs(millis as number) > MAX_MILLIS)
    throw badArgument('$fromMillis was given a number that is not a time');
  checkPicture('$fromMillis', '', (picture ?? '') as string);
  const offset = zone === undefined ? undefined : pictureOffset('$fromMillis', millis as number, knownZone('$fromMillis', zone));
  const text = withPicture('$fromMillis', () => formatNative(millis, picture, offset)) as string;
  // The library writes -05:30 as "-5:-30" in short pictures.
  return offset?.startsWith('-') ? text.replaceAll(/(-\d+):-(\d\d)/g, '$1:$2') : text;
}

/** Maximum distance from 1970 that a Date can represent. */
const MAX_MILLIS = 8.64e15;

export function isTime(millis: unknown): millis is number {
  return Number.isInteger(millis) && (millis as number) >= 0 && (millis as number) < 253_402_300_800_000;
}

/** Limits text and picture: a picture may demand a width of any size. */
function checkPicture(name: string, text: string, picture: string): void {
  spend(DATE_UNITS);
  if (text.length > MAX_PICTURE_CHARACTERS || picture.length > MAX_PICTURE_CHARACTERS) {
    throw overLimit(`${name} takes a text and a picture of at most ${MAX_PICTURE_CHARACTERS} characters`);
  }
  if (/,[^\],]*\d{3}[^\],]*\]/.test(picture)) throw overLimit(`${name} accepts a width of at most 99 in a picture`);
}

function withPicture(name: string, run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    throw badArgument(`${name} cannot use this picture (${PICTURE_FAULTS[code] ?? code})`);
  }
}

const PICTURE_FAULTS: Readonly<Record<string, string>> = {
  D3132: 'it has an unknown component',
  D3133: 'only months and days have names',
  D3134: 'an offset has at most four digits',
  D3135: 'a "]" is missing',
  D3136: 'it leaves out a part of the date that is needed',
};

function readTime(name: string, context: EvaluationContext, value: unknown, zone: unknown): DateTime {
  spend(DATE_UNITS);
  if (typeof value === 'number') return valid(name, DateTime.fromMillis(value, { zone: readZone(name, context, zone) }));
  if (typeof value !== 'string') throw badArgument(`${name} was given something that is not a date`, CURE);
  if (value.length > MAX_DATE_CHARACTERS) {
    throw badArgument(`${name} was given something that is not a date: it has more than ${MAX_DATE_CHARACTERS} characters`, CURE);
  }
  if (!DATE.test(value)) throw badArgument(`${name} was given something that is not a date`, CURE);
  const zoned = value.includes('T') && HAS_OFFSET.test(value.slice(value.indexOf('T')));
  if (zoned) {
    const target = zone === undefined && name !== '$dateTime1C' ? 'utc' : readZone(name, context, zone);
    return valid(name, DateTime.fromISO(value, { zone: target }));
  }
  const target = readZone(name, context, zone);
  return momentOf(name, valid(name, DateTime.fromISO(value, { zone: 'utc' })), target);
}

function valid(name: string, time: DateTime): DateTime {
  if (time.isValid) return time;
  throw badArgument(`${name} was given something that is not a date (${time.invalidReason ?? 'invalid'})`, CURE);
}

function readZone(name: string, context: EvaluationContext, zone: unknown): Zone {
  const wanted = zone ?? context.timezone;
  if (wanted === undefined)
    throw badArgument(`${name} needs a time zone`, 'set settings.timezone, or pass the zone as an argument');
  return knownZone(name, wanted);
}

function knownZone(name: string, wanted: unknown): Zone {
  const zone = zoneOf(wanted);
  if (zone) return zone;
  const shown = typeof wanted === 'string' ? JSON.stringify(wanted.slice(0, 50)) : 'of this kind';
  throw badArgument(`${name}: unknown time zone ${shown}`, 'use an IANA name (Europe/Moscow) or an offset (+03:00)');
}

function isEmptyDate(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('0001-01-01');
}
