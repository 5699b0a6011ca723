import type { Hours, Resource } from './model.js';
import { addDays, weekday } from './zone.js';

export interface Span {
  readonly from: string;
  readonly to: string;
}

/** When a resource is not to be booked on a day, as times of the clock. None when nothing is said of its hours. */
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

/** The same for all days from the first to the last, as local times `2026-02-01T20:00`. What goes on over midnight is one. */
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

/** Rows of the day itself go before those of its weekday. */
function spans(hours: readonly Hours[], day: string): Span[] {
  const own = hours.filter((row) => row.day === day);
  const rows = own.length > 0 ? own : hours.filter((row) => row.weekday === weekday(day));
  const open = rows.flatMap(({ opens, closes }) =>
    opens !== undefined && closes !== undefined ? [{ from: opens, to: closes }] : [],
  );
  return open.sort((a, b) => a.from.localeCompare(b.from));
}

/** From the first hour at which somebody works to the last, to be shown as a day. */
export function businessDay(resources: readonly Resource[]): Span {
  const rows = resources.flatMap((resource) => resource.hours);
  const opens = rows.flatMap((row) => row.opens ?? []).sort();
  const closes = rows.flatMap((row) => row.closes ?? []).sort();
  return { from: opens[0] ?? '08:00', to: closes.at(-1) ?? '20:00' };
}
