const MINUTE = 60_000;
/** Clocks change at one. */
const QUARTER = 15 * MINUTE;
const REMEMBERED = 5_000;

/** The journal's time zone: all see the same clock, wherever they sit. */
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

  /** Minutes ahead of UTC at that time. Asked for thousands of times while the page is drawn: remembered by the quarter of an hour. */
  offset(time: number): number {
    const quarter = Math.floor(time / QUARTER);
    const known = this.#known.get(quarter);
    if (known !== undefined) return known;
    const offset = this.#offsetAt(quarter * QUARTER);
    if (this.#known.size > REMEMBERED) this.#known.clear();
    this.#known.set(quarter, offset);
    return offset;
  }

  /** `2026-02-01T10:00`, for a form. */
  local(time: Date): string {
    return new Date(time.getTime() + this.offset(time.getTime()) * MINUTE).toISOString().slice(0, 16);
  }

  /** The other way round. In the hour that a clock change repeats, one of the two. */
  time(local: string): Date {
    const asUtc = Date.parse(`${local}Z`);
    const guess = asUtc - this.offset(asUtc) * MINUTE;
    return new Date(asUtc - this.offset(guess) * MINUTE);
  }

  /** The same time of the clock, so many days later. */
  later(time: Date, days: number): Date {
    const local = this.local(time);
    return this.time(`${addDays(local.slice(0, 10), days)}${local.slice(10)}`);
  }

  /** `2026-02-01` */
  day(time: Date): string {
    return this.local(time).slice(0, 10);
  }

  #offsetAt(time: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
    return (Date.UTC(year, month - 1, day, hour, minute) - time) / MINUTE;
  }
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** 1 is Monday. */
export function weekday(day: string): number {
  return new Date(`${day}T00:00Z`).getUTCDay() || 7;
}
