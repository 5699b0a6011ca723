const MINUTE = 60_000;
/** Clock changes happen at multiples of a quarter of an hour. */
const QUARTER = 15 * MINUTE;
const MAX_CACHED_OFFSETS = 5_000;

/** The time zone of the booking calendar, which all users see. */
export class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #known = new Map<number, number>();

  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-GB', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  }

  /**
   * Returns the minutes ahead of UTC at a time. Drawing the page calls it thousands of times, so results are cached per quarter of an hour.
   */
  offset(time: number): number {
    const quarter = Math.floor(time / QUARTER);
    const known = this.#known.get(quarter);
    if (known !== undefined) return known;
    const offset = this.#offsetAt(quarter * QUARTER);
    if (this.#known.size > MAX_CACHED_OFFSETS) this.#known.clear();
    this.#known.set(quarter, offset);
    return offset;
  }

  /** Returns the local time, such as `2026-02-01T10:00`. */
  local(time: Date): string {
    return new Date(time.getTime() + this.offset(time.getTime()) * MINUTE).toISOString().slice(0, 16);
  }

  /** Returns the time of a local time. In an hour that a clock change repeats, it is one of the two. */
  time(local: string): Date {
    const asUtc = Date.parse(`${local}Z`);
    const guess = asUtc - this.offset(asUtc) * MINUTE;
    return new Date(asUtc - this.offset(guess) * MINUTE);
  }

  /** Returns the same local time this number of days later. */
  later(time: Date, days: number): Date {
    const local = this.local(time);
    return this.time(`${addDays(local.slice(0, 10), days)}${local.slice(10)}`);
  }

  /** Returns the local day, such as `2026-02-01`. */
  day(time: Date): string {
    return this.local(time).slice(0, 10);
  }

  #offsetAt(time: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    return (Date.UTC(year, month - 1, day, hour, minute) - time) / MINUTE;
  }
}

/** Returns the day this number of days later. */
export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Returns the day of the week; 1 is Monday. */
export function weekday(day: string): number {
  return new Date(`${day}T00:00Z`).getUTCDay() || 7;
}

/** Returns the Monday of the week of a day. */
export function mondayOf(day: string): string {
  return addDays(day, 1 - weekday(day));
}

/** Returns the local time this number of minutes later on the clock: `2026-02-01T10:00`. */
export function addMinutes(local: string, minutes: number): string {
  return new Date(Date.parse(`${local}Z`) + minutes * MINUTE).toISOString().slice(0, 16);
}

/** Returns the minutes since midnight of a local time. */
export function minutesOf(local: string): number {
  return Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16));
}
