import { describe, expect, it } from '@jest/globals';
import type { Entry } from '../../page/model.js';
import { Store } from '../../page/store.js';

const entry = (id: string, version: number, more: Partial<Entry> = {}): Entry => ({
  id,
  version,
  resource: { code: 'ivanova', name: 'Иванова' },
  start: '2026-02-02T10:00:00+03:00',
  end: '2026-02-02T11:00:00+03:00',
  status: 'waiting',
  client: '',
  phone: '',
  comment: '',
  note: '',
  by: 'anna',
  ...more,
});

describe('the store of the page', () => {
  it('keeps the newest version, regardless of the order of arrival', () => {
    const store = new Store();
    expect(store.add([entry('a', 2)])).toHaveLength(1);
    expect(store.add([entry('a', 1, { client: 'old' }), entry('a', 2, { client: 'again' })])).toEqual([]);
    expect(store.get('a')).toMatchObject({ version: 2, client: '' });
  });

  it('keeps an entry cancelled when an older change arrives late', () => {
    const store = new Store();
    store.filter = { text: '', statuses: new Set(['waiting']) };
    store.add([entry('a', 3, { status: 'cancelled' })]);
    store.add([entry('a', 2)]);
    expect(store.shown()).toEqual([]);
    expect(store.get('a')).toMatchObject({ status: 'cancelled' });
  });

  it('returns entries with the selected statuses that contain all words', () => {
    const store = new Store();
    store.add([
      entry('a', 1, { client: 'Анна Белова', phone: '79161112233' }),
      entry('b', 1, { client: 'Анна Белова', comment: 'перезвонить на 1122', status: 'cancelled' }),
      entry('c', 1, { client: 'Белов' }),
    ]);
    store.filter = { text: '  белова 1122 ', statuses: new Set(['waiting']) };
    expect(store.shown().map(({ id }) => id)).toEqual(['a']);
    store.filter = { text: '', statuses: new Set(['waiting', 'cancelled']) };
    expect(store.shown().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it.each(['+7 (916) 111-22-33', '8 916 1112233', '111 22', '79161112233'])('finds a telephone by %s', (text) => {
    const store = new Store();
    store.add([entry('a', 1, { phone: '+7 916 111-22-33' }), entry('b', 1, { phone: '+7 916 222-11-33' }), entry('c', 1)]);
    store.filter = { text, statuses: new Set(['waiting']) };
    expect(store.shown().map(({ id }) => id)).toEqual(['a']);
  });
});
