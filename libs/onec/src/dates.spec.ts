import { describe, expect, it } from '@jest/globals';
import { readDate, writeDate } from './dates.js';

describe('writeDate', () => {
  it.each([
    ['a date without a zone unchanged', '2026-02-01T10:00:00', '2026-02-01T10:00:00'],
    ['a day at midnight', '2026-02-01', '2026-02-01T00:00:00'],
    ['a date with a zone in the zone of the base', '2026-02-01T10:00:00+07:00', '2026-02-01T06:00:00'],
    ['universal time in the zone of the base', '2026-01-31T21:00:00Z', '2026-02-01T00:00:00'],
    ['a date without fractions of a second', '2026-02-01T10:00:00.750', '2026-02-01T10:00:00'],
    ['null as the empty date', null, '0001-01-01T00:00:00'],
  ])('writes %s', (_how, value, text) => expect(writeDate(value, 'Europe/Moscow')).toBe(text));

  it('keeps the zone if the zone of the base is not known', () =>
    expect(writeDate('2026-02-01T10:00:00+07:00')).toBe('2026-02-01T10:00:00+07:00'));

  it.each(['2026-02-30', '2026-02-01T25:00:00', 'завтра', 1_700_000_000, '01.02.2026'])('returns undefined for %p', (value) =>
    expect(writeDate(value)).toBeUndefined(),
  );

  it('is reversed by readDate, which returns null for the empty date', () =>
    expect([readDate('2026-02-01T10:00:00'), readDate('0001-01-01T00:00:00')]).toEqual(['2026-02-01T10:00:00', null]));
});
