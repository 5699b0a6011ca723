import { expect, it } from '@jest/globals';
import { difference, draftOf, takenBack } from '../../page/drafts.js';
import type { Entry } from '../../page/model.js';

/** An entry in the hour that a clock change repeats, with seconds, as 1C may write it. */
const ENTRY: Entry = {
  id: 'e1',
  version: 3,
  resource: { code: 'ivanova', name: 'Иванова' },
  start: '2026-10-25T02:30:15+01:00',
  end: '2026-10-25T03:00:00+01:00',
  status: 'waiting',
  client: 'Ольга',
  phone: '',
  comment: '',
  note: '',
  by: 'anna',
};

it('sends the changed fields, and no unchanged times', () => {
  const shown = draftOf(ENTRY);
  expect(difference(shown, { ...shown, client: 'Анна', status: 'arrived' })).toEqual({ client: 'Анна', status: 'arrived' });
  expect(difference(shown, { ...shown })).toEqual({});
});

it('undoes a change to the second, and keeps the other fields', () => {
  expect(takenBack({ start: '2026-10-25T10:00', comment: 'x' }, ENTRY)).toEqual({
    start: '2026-10-25T02:30:15+01:00',
    comment: '',
  });
});
