import type { Draft, Entry } from './model.js';

/** What a form shows of an entry. Its times are to the minute and of the journal's clock. */
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

/** What a form has made different. The rest is not sent: a time that nobody touched keeps its seconds, and its place in an hour that comes twice. */
export function difference(shown: Draft, filled: Draft): Partial<Draft> {
  return Object.fromEntries(Object.entries(filled).filter(([key, value]) => shown[key as keyof Draft] !== value));
}

/** What takes a change of these fields back. */
export function takenBack(changed: Partial<Draft>, before: Entry): Partial<Draft> {
  const exact: Draft = { ...draftOf(before), start: before.start, end: before.end };
  return Object.fromEntries(Object.entries(exact).filter(([key]) => Object.hasOwn(changed, key)));
}
