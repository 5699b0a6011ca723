import { dateFormat } from '@sluice/web-ui';
import { texts } from './texts.js';

const DAY_MS = 24 * 60 * 60_000;

/** Returns the time of day, `09:30`. */
export function timeOf(at: string): string {
  return dateFormat({ hour: '2-digit', minute: '2-digit' }).format(new Date(at));
}

/** Returns the local day as `2026-11-30`. */
export function dayOf(at: string | number): string {
  const date = new Date(at);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

/** Returns the text of a day separator: today, yesterday, or the date. */
export function dayTitle(at: string): string {
  const day = dayOf(at);
  const now = Date.now();
  if (day === dayOf(now)) return texts.today;
  if (day === dayOf(now - DAY_MS)) return texts.yesterday;
  const isThisYear = day.slice(0, 4) === dayOf(now).slice(0, 4);
  return dateFormat({ weekday: 'long', day: 'numeric', month: 'long', ...(!isThisYear && { year: 'numeric' }) }).format(
    new Date(at),
  );
}

/** Returns a short time for the list: the time of today, the weekday of the last days, otherwise the date. */
export function shortTime(at: string): string {
  const age = Date.now() - Date.parse(at);
  if (dayOf(at) === dayOf(Date.now())) return timeOf(at);
  if (age < 6 * DAY_MS) return dateFormat({ weekday: 'short' }).format(new Date(at));
  return dateFormat({ day: '2-digit', month: '2-digit', ...(age > 300 * DAY_MS && { year: '2-digit' }) }).format(new Date(at));
}

/** Returns date and time in full, for tooltips. */
export function fullTime(at: string): string {
  return dateFormat({ dateStyle: 'long', timeStyle: 'short' }).format(new Date(at));
}
