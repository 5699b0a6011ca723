import type { Hours, Resource } from './model.js';
import { weekday } from './zone.js';

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

/** Returns the open hours of a day. Rows for the date replace rows for its weekday. */
function spans(hours: readonly Hours[], day: string): Span[] {
  const own = hours.filter((row) => row.day === day);
  const rows = own.length > 0 ? own : hours.filter((row) => row.weekday === weekday(day));
  const open = rows.flatMap(({ opens, closes }) =>
    opens !== undefined && closes !== undefined ? [{ from: opens, to: closes }] : [],
  );
  return open.sort((a, b) => a.from.localeCompare(b.from));
}

/** Returns the span from the first opening to the last closing of all resources, which the page shows as a day. */
export function businessDay(resources: readonly Resource[]): Span {
  const rows = resources.flatMap((resource) => resource.hours);
  const opens = rows.flatMap((row) => row.opens ?? []).sort();
  const closes = rows.flatMap((row) => row.closes ?? []).sort();
  return { from: opens[0] ?? '08:00', to: closes.at(-1) ?? '20:00' };
}

/** Returns whether a resource works on a day. */
export function isOpenOn(resource: Resource, day: string): boolean {
  return resource.hours.length === 0 || spans(resource.hours, day).length > 0;
}
