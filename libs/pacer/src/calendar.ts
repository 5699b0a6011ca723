import type { CalendarWindow, Priority, Rate } from '@sluice/flow';
import { PUSH_CLASSES } from '@sluice/engine';
import { DateTime } from 'luxon';

/** A limit on calls at once, a limit on calls per time, or both. */
export interface Restriction {
  /** 0: no call may begin. Absent: no limit on calls at once. */
  readonly concurrency?: number;
  readonly rate?: Rate;
}

/** The restrictions that apply from now until `until`. */
export interface CalendarView {
  /** Restriction of the whole connection. */
  readonly all: Restriction;
  /** Additional restrictions of single classes. */
  readonly classes: Readonly<Partial<Record<Priority, Restriction>>>;
  /** No call of any class may begin. */
  readonly closed: boolean;
  /** Reason of the window that closes the connection. */
  readonly reason?: string;
  /** When a closed connection opens again. Absent when no opening is in sight. */
  readonly opensAt?: Date;
  /** The next moment at which a window begins or ends, in milliseconds since 1970; Infinity if there is no such moment. */
  readonly until: number;
}

interface Occurrence {
  readonly window: CalendarWindow;
  readonly begin: number;
  readonly end: number;
}

/** Days after which a weekly window begins again. */
const WEEK = 7;
/** A calendar that stays closed over more boundaries than this counts as closed without a known end. */
const FAR_BOUNDARIES = 64;

/** Determines which windows are open at a moment. Where windows overlap the smallest limit applies. */
export class Calendar {
  private seen: { readonly from: number; readonly view: CalendarView } | undefined;

  constructor(
    private readonly windows: readonly CalendarWindow[],
    private readonly timezone = 'UTC',
  ) {}

  /** Returns the view at this moment of wall-clock time. The last view is cached while it is valid. */
  at(wall: number): CalendarView {
    if (this.seen && wall >= this.seen.from && wall < this.seen.view.until) return this.seen.view;
    const view = this.look(wall);
    const opensAt = view.closed ? this.opensAfter(view) : undefined;
    this.seen = { from: wall, view: opensAt ? { ...view, opensAt } : view };
    return this.seen.view;
  }

  private opensAfter(closed: CalendarView): Date | undefined {
    let view = closed;
    for (let step = 0; step < FAR_BOUNDARIES && view.until !== Infinity; step++) {
      const { until } = view;
      view = this.look(until);
      if (!view.closed) return new Date(until);
    }
    return undefined;
  }

  private look(wall: number): CalendarView {
    const around = this.windows.flatMap((window) => this.occurrences(window, wall));
    const open = around.filter(({ begin, end }) => begin <= wall && wall < end).map(({ window }) => window);
    const all = strictest(open.filter((window) => window.priority === undefined));
    const classes = Object.fromEntries(
      PUSH_CLASSES.flatMap((name) => {
        const own = open.filter((window) => window.priority === name);
        return own.length > 0 ? [[name, strictest(own)]] : [];
      }),
    ) as CalendarView['classes'];
    const closed = all.concurrency === 0 || PUSH_CLASSES.every((name) => classes[name]?.concurrency === 0);
    const reason = open.find((window) => window.concurrency === 0 && window.reason !== undefined)?.reason;
    const until = Math.min(...around.flatMap(({ begin, end }) => [begin, end]).filter((moment) => moment > wall), Infinity);
    return { all, classes, closed, until, ...(closed && reason !== undefined ? { reason } : {}) };
  }

  /** Returns the occurrences of a window that are open now or begin next. */
  private occurrences(window: CalendarWindow, wall: number): Occurrence[] {
    const today = DateTime.fromMillis(wall, { zone: this.timezone }).startOf('day');
    // yesterday's window may still be open; eight days reach the same weekday of next week, also if today's window is over
    const near = Array.from({ length: WEEK + 2 }, (_, day) => today.plus({ days: day - 1 }));
    const dates = window.dates?.map((date) => DateTime.fromISO(date, { zone: this.timezone }));
    return (dates ?? near)
      .filter((day) => window.days?.includes(day.weekday) ?? true)
      .map((day) => ({
        window,
        begin: timeOfDay(day, window.from),
        end: timeOfDay(window.to > window.from ? day : day.plus({ days: 1 }), window.to),
      }));
  }
}

/** Returns a local time of the day, so that a window keeps its hours when the clocks change. */
function timeOfDay(day: DateTime, minutes: number): number {
  if (minutes === 24 * 60) return day.plus({ days: 1 }).startOf('day').toMillis();
  return day.set({ hour: Math.floor(minutes / 60), minute: minutes % 60 }).toMillis();
}

function strictest(windows: readonly CalendarWindow[]): Restriction {
  const concurrency = Math.min(...windows.map((window) => window.concurrency ?? Infinity), Infinity);
  return { ...(concurrency === Infinity ? {} : { concurrency }), ...slowest(windows.map((window) => window.rate)) };
}

/** Returns the lowest of these rates, as a property that is absent if there is no rate. */
export function slowest(rates: readonly (Rate | undefined)[]): { readonly rate?: Rate } {
  const [rate] = rates.filter((one) => one !== undefined).sort((a, b) => a.count / a.perMs - b.count / b.perMs);
  return rate ? { rate } : {};
}
