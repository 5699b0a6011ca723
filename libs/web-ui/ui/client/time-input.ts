/** Reading and writing of days and times that users type. Days are `2026-02-28`, times `09:30`. */
import { language, type Language } from './i18n.js';

const DAY_MINUTES = 24 * 60;

/** Returns a typed time as `HH:MM`: `9`, `930`, `9.30` and `9:30` are times. Undefined if it is none. */
export function readTime(text: string): string | undefined {
  const found = /^\s*(\d{1,2})(?:\s*[:.,\- ]?\s*(\d{2}))?\s*$/.exec(text);
  if (!found) return undefined;
  const [hour, minute] = [Number(found[1]), Number(found[2] ?? 0)];
  return hour < 24 && minute < 60 ? clock(hour * 60 + minute) : undefined;
}

/** Returns the time this number of minutes later, within the same day. */
export function stepTime(time: string, minutes: number): string {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const now = hour * 60 + minute;
  // the first step leads to a multiple of the step
  const next = minutes > 0 ? Math.floor(now / minutes + 1) * minutes : Math.ceil(now / -minutes - 1) * -minutes;
  return clock(Math.min(DAY_MINUTES - 1, Math.max(0, next)));
}

function clock(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Returns the day as users of the language write it: `28.02.2026`, `28/02/2026`. */
export function writeDay(day: string, of: Language = language): string {
  return day
    .split('-')
    .reverse()
    .join(of === 'ru' ? '.' : '/');
}

/** Returns a typed day as `YYYY-MM-DD`: day, month and year with any separator; the year may be absent or have two digits. Undefined if it is none. */
export function readDay(text: string, today: string): string | undefined {
  const iso = /^\s*(\d{4})-(\d{2})-(\d{2})\s*$/.exec(text);
  const [, first = '', second = '', third = ''] = iso
    ? [iso[0], iso[3], iso[2], iso[1]]
    : (/^\s*(\d{1,2})[./\- ](\d{1,2})(?:[./\- ](\d{4}|\d{2}))?\s*$/.exec(text) ?? []);
  if (first === '') return undefined;
  const year = third === '' ? today.slice(0, 4) : third.length === 2 ? `20${third}` : third;
  const day = `${year}-${second.padStart(2, '0')}-${first.padStart(2, '0')}`;
  const date = new Date(`${day}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day) ? day : undefined;
}

/** Returns the days of the six weeks that show a month, from a Monday on. */
export function monthGrid(month: string): string[] {
  const first = new Date(`${month}-01T00:00Z`);
  const before = (first.getUTCDay() + 6) % 7;
  return Array.from({ length: 42 }, (_, index) =>
    new Date(first.getTime() + (index - before) * DAY_MINUTES * 60_000).toISOString().slice(0, 10),
  );
}

/** Returns the month this number of months later: `2026-02`. */
export function stepMonth(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}
