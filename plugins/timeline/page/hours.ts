import type { Hours, Resource } from './model.js';
import { addDays, weekday } from './zone.js';

export interface Span {
  readonly from: string;
  readonly to: string;
}

/** Returns the closed hours of a resource on a day, as local times. A resource without hours has none. */
export function closed(resource: Resource, day: string): Span[] {
  if (resource.hours.length === 0) return [];
  const open = spans(resource.hours, day);
  const edges = ['00:00', ...open.flatMap(({ from, to }) => [from, to]), '24:00'];
  const closed: Span[] = [];
  for (let at = 0; at < edges.length; at += 2) {
    const [from = '', to = ''] = [edges[at], edges[at + 1]];
    if (from < to) closed.push({ from, to });
  }
  return closed;
}

/**
 * Returns the closed hours from the first to the last day, as local times `2026-02-01T20:00`. Hours that continue over midnight are one
 * span.
 */
export function closedBetween(resource: Resource, firstDay: string, lastDay: string): Span[] {
  const all: Span[] = [];
  for (let day = firstDay; day <= lastDay; day = addDays(day, 1)) {
    for (const { from, to } of closed(resource, day)) {
      const [start, end] = [`${day}T${from}`, to === '24:00' ? `${addDays(day, 1)}T00:00` : `${day}T${to}`];
      const before = all.at(-1);
      if (before?.to === start) all[all.length - 1] = { from: before.from, to: end };
      else all.push({ from: start, to: end });
    }
  }
  return all;
}

const SLOT_MINUTES = 30;
const DAYS_AHEAD = 14;

/**
 * Returns the first half hour from a local time on, such as `2026-02-01T20:00`, in which the resource works; the time itself when it does
 * not work within two weeks.
 */
export function nextOpen(resource: Resource, from: string): string {
  const [firstDay = '', time = ''] = from.split('T');
  for (let ahead = 0, day = firstDay; ahead < DAYS_AHEAD; ahead++, day = addDays(day, 1)) {
    const shut = closed(resource, day);
    for (let at = ahead === 0 ? minutes(time) : 0; at < 24 * 60; at += SLOT_MINUTES) {
      const isShut = shut.some((span) => minutes(span.from) < at + SLOT_MINUTES && minutes(span.to) > at);
      if (!isShut) return `${day}T${clock(at)}`;
    }
  }
  return from;
}

/** Returns the open hours of a day. Rows for the date replace rows for its weekday. */
function spans(hours: readonly Hours[], day: string): Span[] {
  const own = hours.filter((row) => row.day === day);
  const rows = own.length > 0 ? own : hours.filter((row) => row.weekday === weekday(day));
  const open = rows.flatMap(({ opens, closes }) =>
    opens !== undefined && closes !== undefined ? [{ from: opens, to: closes }] : [],
  );
  return open.sort((a, b) => a.from.localeCompare(b.from));
}

/** Part of a day that is readable on a narrow screen. */
const PART_MINUTES = 4 * 60;

/** Returns the part of a day around a time, beginning one hour earlier. */
export function partOfDay(day: Span, time: string): Span {
  const [opens, closes] = [minutes(day.from), minutes(day.to)];
  const wanted = Math.floor(minutes(time) / 60) * 60 - 60;
  const from = Math.max(opens, Math.min(wanted, closes - PART_MINUTES));
  return { from: clock(from), to: clock(Math.min(from + PART_MINUTES, closes)) };
}

function minutes(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}

function clock(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Returns the span from the first opening to the last closing of all resources, which the page shows as a day. */
export function businessDay(resources: readonly Resource[]): Span {
  const rows = resources.flatMap((resource) => resource.hours);
  const opens = rows.flatMap((row) => row.opens ?? []).sort();
  const closes = rows.flatMap((row) => row.closes ?? []).sort();
  return { from: opens[0] ?? '08:00', to: closes.at(-1) ?? '20:00' };
}
