import { DateTime } from 'luxon';
import { timelineFail } from './failures.js';

/** Range of plausible years. 1C writes an empty date as 0001-01-01, and a typing error can make the year 20226. */
const YEARS = { from: 2000, to: 2100 };

/** Reads ISO 8601; a time without an offset is local to the zone. Throws `TIMELINE_INVALID`. */
export function readTime(text: string, zone: string, what: string): Date {
  const time = DateTime.fromISO(text, { zone });
  if (!time.isValid) throw timelineFail.TIMELINE_INVALID(`${what} is not an ISO 8601 time`, { sent: 'no' });
  if (time.year < YEARS.from || time.year > YEARS.to)
    throw timelineFail.TIMELINE_INVALID(`${what} is in the year ${time.year}: correct the year`, { sent: 'no' });
  return time.toJSDate();
}

/** Writes a time with the offset of the zone, to the second. */
export function showTime(time: Date, zone: string): string {
  return DateTime.fromJSDate(time, { zone }).toISO({ suppressMilliseconds: true }) ?? time.toISOString();
}
