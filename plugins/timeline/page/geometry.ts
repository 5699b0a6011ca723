import type { Entry, Resource } from './model.js';
import { addDays, addMinutes, minutesOf } from './zone.js';
import { businessDay } from './hours.js';

/** Dragged entries snap to multiples of this number of minutes. */
export const SNAP_MINUTES = 5;
/** A click on free time selects the quarter of an hour around it. */
export const SLOT_MINUTES = 15;
export const DAY_MINUTES = 24 * 60;
/** Minimum height of an hour in pixels. A day that needs more than the window scrolls. */
const MIN_HOUR = 60;
const MAX_HOUR = 480;
/** Minutes that a card takes at least, so that it can be seen and touched. */
const MIN_CARD_MINUTES = 12;

/** The part of an entry that lies on one day, in minutes of its local clock. */
export interface Part {
  readonly entry: Entry;
  readonly from: number;
  readonly to: number;
  readonly beganBefore: boolean;
  readonly endsAfter: boolean;
}

/** Returns the part of an entry on a day, or undefined if it has none. */
export function partOn(entry: Entry, day: string): Part | undefined {
  const [start, end] = [entry.start.slice(0, 16), entry.end.slice(0, 16)];
  const [first, last] = [`${day}T00:00`, `${addDays(day, 1)}T00:00`];
  if (start >= last || end <= first) return undefined;
  const from = start < first ? 0 : minutesOf(start);
  const to = end >= last ? DAY_MINUTES : minutesOf(end);
  // in an hour that a clock change repeats, the end may be before the start
  return { entry, from, to: Math.max(to, from + MIN_CARD_MINUTES), beganBefore: start < first, endsAfter: end > last };
}

/** Returns the parts of entries on a day, in the order of their start. */
export function partsOn(entries: readonly Entry[], day: string): Part[] {
  return entries
    .flatMap((entry) => partOn(entry, day) ?? [])
    .sort((a, b) => a.from - b.from || a.entry.id.localeCompare(b.entry.id));
}

/** Minutes of the local clock of one day. */
export interface DaySpan {
  readonly from: number;
  readonly to: number;
}

/** Returns the part of the day that the board should show: the working hours, and the hours of entries before and after them. */
export function shownSpan(resources: readonly Resource[], parts: readonly Part[]): DaySpan {
  const { from, to } = businessDay(resources);
  const own = parts.filter((part) => !part.beganBefore && !part.endsAfter);
  return {
    from: Math.min(clockMinutes(from), ...own.map((part) => Math.floor(part.from / 60) * 60)),
    to: Math.max(clockMinutes(to), ...own.map((part) => Math.ceil(part.to / 60) * 60)),
  };
}

/** Returns the height of an hour at which this part of the day fills the height of the board, times the zoom. */
export function hourHeight(height: number, { from, to }: DaySpan, zoom: number): number {
  const hours = Math.max(1, (to - from) / 60);
  return Math.round(Math.min(MAX_HOUR, Math.max(MIN_HOUR, height / hours) * zoom));
}

/** Returns the minute of the day that is at the top when a day is opened: the first one, or an hour before now if now would not be visible then. */
export function firstMinute({ from, to }: DaySpan, visibleMinutes: number, now: number | undefined): number {
  if (now === undefined || now < from || now > to || now < from + visibleMinutes - 60) return from;
  return Math.min(Math.floor(now / 60) * 60 - 60, DAY_MINUTES - visibleMinutes);
}

export type DragKind = 'move' | 'start' | 'end';

/**
 * Returns the local times of an entry that was dragged by this number of minutes. The edge that is dragged snaps to multiples of {@link SNAP_MINUTES}; an
 * entry keeps its length when it is moved and has at least {@link SNAP_MINUTES} when its start or end is dragged.
 */
export function dragged(entry: Entry, kind: DragKind, byMinutes: number): { readonly start: string; readonly end: string } {
  const [start, end] = [entry.start.slice(0, 16), entry.end.slice(0, 16)];
  const edge = kind === 'end' ? end : start;
  const minute = minutesOf(edge);
  const by = Math.round((minute + byMinutes) / SNAP_MINUTES) * SNAP_MINUTES - minute;
  if (kind === 'move') return { start: addMinutes(start, by), end: addMinutes(end, by) };
  if (kind === 'start') {
    const latest = addMinutes(end, -SNAP_MINUTES);
    const wanted = addMinutes(start, by);
    return { start: wanted < latest ? wanted : latest, end };
  }
  const earliest = addMinutes(start, SNAP_MINUTES);
  const wanted = addMinutes(end, by);
  return { start, end: wanted > earliest ? wanted : earliest };
}

/** Returns the minutes of `HH:MM`; 24:00 is the end of the day. */
export function clockMinutes(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return hour * 60 + minute;
}

/** Returns `HH:MM` of the minutes since midnight. */
export function clock(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}
