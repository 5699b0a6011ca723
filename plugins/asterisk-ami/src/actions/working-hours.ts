import { z } from 'zod';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_MINUTES = 24 * 60;

/** Schema of a daily window such as `10:00-19:00`. A window whose end is before its beginning crosses midnight. */
export const hours = () => z.string().regex(WINDOW, 'hours such as 10:00-19:00');

export const days = () => z.array(z.enum(DAYS)).min(1);

export interface WorkingHours {
  readonly hours: string;
  /** Days on which a window begins; absent: all. */
  readonly days?: readonly (typeof DAYS)[number][] | undefined;
}

/**
 * Returns the milliseconds until the working hours begin; 0 within them. A day counts 24 hours: after a change of the clocks in between,
 * the caller asks again.
 */
export function untilOpen({ hours: window, days: on = DAYS }: WorkingHours, timezone: string, now: Date): number {
  const { begin, end } = minutesOf(window);
  const { day, minute, second } = localTime(timezone, now);
  const begins = (offset: number) => on.includes(DAYS[(day + offset + 7) % 7] ?? 'mon');
  const sinceBegin = minute - begin;
  const length = end > begin ? end - begin : end - begin + DAY_MINUTES;
  if (begins(0) && sinceBegin >= 0 && sinceBegin < length) return 0;
  if (begins(-1) && sinceBegin + DAY_MINUTES < length) return 0;
  for (let offset = sinceBegin < 0 ? 0 : 1; ; offset++) {
    if (begins(offset)) return ((offset * DAY_MINUTES - sinceBegin) * 60 - second) * 1_000;
  }
}

function minutesOf(window: string): { begin: number; end: number } {
  const [, beginHour, beginMinute, endHour, endMinute] = (WINDOW.exec(window) ?? []).map(Number);
  return { begin: (beginHour ?? 0) * 60 + (beginMinute ?? 0), end: (endHour ?? 0) * 60 + (endMinute ?? 0) };
}

function localTime(timezone: string, now: Date): { day: number; minute: number; second: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const day = DAYS.findIndex((name) => name === parts['weekday']?.toLowerCase());
  return { day, minute: Number(parts['hour']) * 60 + Number(parts['minute']), second: Number(parts['second']) };
}
