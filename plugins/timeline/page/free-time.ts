import { clock, clockMinutes, DAY_MINUTES, partsOn } from './geometry.js';
import { businessDay, closed, type Span } from './hours.js';
import type { Entry, Resource } from './model.js';
import { addDays, minutesOf } from './zone.js';

/** Minutes of a new entry, and the step of the proposed starts. */
export const NEW_ENTRY_MINUTES = 30;
/** Days through which a free time is looked for. */
export const MAX_DAYS_AHEAD = 14;

export interface FreeTime {
  readonly resource: string;
  /** Local time, such as `2026-02-01T10:00`. */
  readonly start: string;
}

/**
 * Returns the first free half hour on a day, from a local time on, within the working hours of one of the resources. Several resources that are free then are
 * taken in their order. A resource without working hours works in the hours of the others. Entries of a shared resource do not take its time.
 *
 * @param entries entries that overlap the day, of any status
 */
export function freeOn(
  day: string,
  from: string,
  resources: readonly Resource[],
  entries: readonly Entry[],
): FreeTime | undefined {
  const usual = businessDay(resources);
  const active = entries.filter((entry) => entry.status !== 'cancelled' && entry.status !== 'refused');
  const earliest = from.slice(0, 10) === day ? Math.ceil(minutesOf(from) / NEW_ENTRY_MINUTES) * NEW_ENTRY_MINUTES : 0;
  let found: { readonly resource: string; readonly at: number } | undefined;
  for (const resource of resources) {
    const busy = resource.shared ? [] : partsOn(active, day).filter((part) => part.entry.resource.code === resource.code);
    const shut = [
      ...closedOf(resource, day, usual).map((span) => ({ from: clockMinutes(span.from), to: clockMinutes(span.to) })),
      ...busy,
    ];
    for (
      let at = earliest;
      at + NEW_ENTRY_MINUTES <= DAY_MINUTES && (found === undefined || at < found.at);
      at += NEW_ENTRY_MINUTES
    )
      if (!shut.some((span) => span.from < at + NEW_ENTRY_MINUTES && span.to > at)) found = { resource: resource.code, at };
  }
  return found && { resource: found.resource, start: `${day}T${clock(found.at)}` };
}

function closedOf(resource: Resource, day: string, usual: Span): readonly Span[] {
  if (resource.hours.length > 0) return closed(resource, day);
  return [
    { from: '00:00', to: usual.from },
    { from: usual.to, to: '24:00' },
  ];
}

/** Returns the days on which a free time is looked for, from a local time on. */
export function daysAhead(from: string): string[] {
  return Array.from({ length: MAX_DAYS_AHEAD }, (_, ahead) => addDays(from.slice(0, 10), ahead));
}
