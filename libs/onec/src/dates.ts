/** 1C's empty date, which means "no date". */
const EMPTY = /^0001-01-01T00:00:00(?:\.0+)?$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Writes a date as 1C reads it: without a zone, to the second, in the zone of the base.
 *
 * @param value ISO 8601, or null for 1C's empty date. A date with a zone is converted to `timezone`, and unchanged if that is not known.
 * @returns the text, or undefined if the value is not a date.
 */
export function writeDate(value: unknown, timezone?: string): string | undefined {
  if (value === null) return '0001-01-01T00:00:00';
  const match = typeof value === 'string' ? DATE_TIME.exec(value) : null;
  const [text, day = '', time = '00:00:00', zone] = match ?? [];
  if (text === undefined || !exists(day, time)) return undefined;
  if (zone === undefined) return `${day}T${time}`;
  return timezone === undefined ? text : inZone(new Date(text), timezone);
}

/** Returns a date of 1C unchanged, and the empty date as null. */
export function readDate(text: string): string | null {
  return EMPTY.test(text) ? null : text;
}

/** Returns whether the date exists: `2026-02-30` and `25:00:00` do not. */
function exists(day: string, time: string): boolean {
  const text = `${day}T${time}`;
  const date = new Date(`${text}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function inZone(instant: Date, timezone: string): string {
  let format = formats.get(timezone);
  if (!format) {
    // the Swedish format of dates is that of ISO 8601
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(timezone, format);
  }
  return format.format(instant).replace(' ', 'T');
}
