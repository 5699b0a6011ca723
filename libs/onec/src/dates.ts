/** What 1C holds for "no date". */
const EMPTY = /^0001-01-01T00:00:00(?:\.0+)?$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * A date as 1C reads it: without zone, to the second, in the zone of the base. One with a zone is brought into `timezone` first, and stays
 * as it is where none is known; null is 1C's empty date. Undefined when it is no date.
 */
export function writeDate(value: unknown, timezone?: string): string | undefined {
  if (value === null) return '0001-01-01T00:00:00';
  const match = typeof value === 'string' ? DATE_TIME.exec(value) : null;
  const [text, day = '', time = '00:00:00', zone] = match ?? [];
  if (text === undefined || !exists(day, time)) return undefined;
  if (zone === undefined) return `${day}T${time}`;
  return timezone === undefined ? text : inZone(new Date(text), timezone);
}

/** A date of 1C as it is; the empty date as null. */
export function readDate(text: string): string | null {
  return EMPTY.test(text) ? null : text;
}

/** `2026-02-30` and `25:00:00` are none. */
function exists(day: string, time: string): boolean {
  const text = `${day}T${time}`;
  const date = new Date(`${text}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function inZone(instant: Date, timezone: string): string {
  let format = formats.get(timezone);
  if (!format) {
    // Swedish writes dates as ISO 8601 does
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(timezone, format);
  }
  return format.format(instant).replace(' ', 'T');
}
