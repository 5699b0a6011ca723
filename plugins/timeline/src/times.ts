import { DateTime } from 'luxon';
import { timelineFail } from './failures.js';

/** 1C writes an empty date as 0001-01-01; a slip of the finger makes the year 20226. */
const YEARS = { from: 2000, to: 2100 };

/** ISO 8601; without an offset it is the zone's local time. Throws `TIMELINE_INVALID`. */
export function readTime(text: string, zone: string, what: string): Date {
  const time = DateTime.fromISO(text, { zone });
  if (!time.isValid) throw timelineFail.TIMELINE_INVALID(`${what} is not an ISO 8601 time`, { sent: 'no' });
  if (time.year < YEARS.from || time.year > YEARS.to)
    throw timelineFail.TIMELINE_INVALID(`${what} is in the year ${time.year}`, { sent: 'no' });
  return time.toJSDate();
}

/** With the zone's offset, to the second. */
export function showTime(time: Date, zone: string): string {
  return DateTime.fromJSDate(time, { zone }).toISO({ suppressMilliseconds: true }) ?? time.toISOString();
}
