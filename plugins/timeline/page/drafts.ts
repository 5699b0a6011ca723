import type { Draft, Entry } from './model.js';

/** Returns the fields of an entry that a form shows. Times have minutes and are in the zone of the booking calendar. */
export function draftOf(entry: Entry): Draft {
  return {
    resource: entry.resource.code,
    start: entry.start.slice(0, 16),
    end: entry.end.slice(0, 16),
    status: entry.status,
    client: entry.client,
    phone: entry.phone,
    comment: entry.comment,
  };
}

/**
 * Returns the fields that the user has changed. Other fields are not sent, so that an unchanged time keeps its seconds and its place in an
 * hour that a clock change repeats.
 */
export function difference(shown: Draft, filled: Draft): Partial<Draft> {
  return Object.fromEntries(Object.entries(filled).filter(([key, value]) => shown[key as keyof Draft] !== value));
}

/** Returns the fields that undo a change. */
export function takenBack(changed: Partial<Draft>, before: Entry): Partial<Draft> {
  const exact: Draft = { ...draftOf(before), start: before.start, end: before.end };
  return Object.fromEntries(Object.entries(exact).filter(([key]) => Object.hasOwn(changed, key)));
}
