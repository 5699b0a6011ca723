const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
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

  /** Minutes ahead of UTC at that time. Asked for thousands of times while the page is drawn: remembered by the hour. */
  offset(time: number): number {
    const hour = Math.floor(time / HOUR);
    const known = this.#known.get(hour);
    if (known !== undefined) return known;
    const offset = this.#offsetAt(hour * HOUR);
    if (this.#known.size > REMEMBERED) this.#known.clear();
    this.#known.set(hour, offset);
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
