import type { Entry, Hours, Resource } from '../../page/model.js';

export const MONDAY = '2026-02-02';

export const resource = (code: string, ...hours: Hours[]): Resource => ({
  code,
  name: code,
  shared: false,
  archived: false,
  hours,
});

/** An entry on a Monday, from `start` to `end`, or between two local times. */
export const entry = (id: string, start: string, end: string, more: Partial<Entry> = {}): Entry => ({
  id,
  version: 1,
  resource: { code: 'ivanova', name: 'Иванова' },
  start: iso(start),
  end: iso(end),
  status: 'waiting',
  client: '',
  phone: '',
  comment: '',
  note: '',
  by: 'anna',
  ...more,
});

function iso(time: string): string {
  return `${time.includes('T') ? time : `${MONDAY}T${time}`}:00+03:00`;
}
