import { describe, expect, it } from '@jest/globals';
import { readDate, writeDate } from './dates.js';

describe('dates of 1C', () => {
  it.each([
    ['without a zone, as it is', '2026-02-01T10:00:00', '2026-02-01T10:00:00'],
    ['as a day alone, at midnight', '2026-02-01', '2026-02-01T00:00:00'],
    ['with a zone, in that of the base', '2026-02-01T10:00:00+07:00', '2026-02-01T06:00:00'],
    ['in universal time, in that of the base', '2026-01-31T21:00:00Z', '2026-02-01T00:00:00'],
    ['without parts of a second', '2026-02-01T10:00:00.750', '2026-02-01T10:00:00'],
    ['as nothing, as the empty date', null, '0001-01-01T00:00:00'],
  ])('are written %s', (_how, value, text) => expect(writeDate(value, 'Europe/Moscow')).toBe(text));

  it('keep their zone where that of the base is not known', () =>
    expect(writeDate('2026-02-01T10:00:00+07:00')).toBe('2026-02-01T10:00:00+07:00'));

  it.each(['2026-02-30', '2026-02-01T25:00:00', 'завтра', 1_700_000_000, '01.02.2026'])('are not %p', (value) =>
    expect(writeDate(value)).toBeUndefined(),
  );

  it('are read as they are, and the empty one as nothing', () =>
    expect([readDate('2026-02-01T10:00:00'), readDate('0001-01-01T00:00:00')]).toEqual(['2026-02-01T10:00:00', null]));
});
