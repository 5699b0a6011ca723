import { describe, expect, it } from '@jest/globals';
import { addDays, weekday, Zone } from '../../page/zone.js';

describe('the zone of the page', () => {
  it.each([
    ['Europe/Moscow', '2026-02-02T00:00', '2026-02-01T21:00:00.000Z'],
    ['Asia/Kathmandu', '2026-02-02T00:00', '2026-02-01T18:15:00.000Z'],
    ['Europe/Berlin', '2026-03-29T01:59', '2026-03-29T00:59:00.000Z'],
    ['Europe/Berlin', '2026-03-29T03:00', '2026-03-29T01:00:00.000Z'],
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00:00.000Z'],
    ['America/New_York', '2026-03-08T03:00', '2026-03-08T07:00:00.000Z'],
  ])('in %s takes %s for %s, and shows it so', (name, local, utc) => {
    const zone = new Zone(name);
    expect(zone.time(local).toISOString()).toBe(utc);
    expect(zone.local(new Date(utc))).toBe(local);
  });

  it('resolves an hour that a clock change repeats to one of the two', () => {
    const zone = new Zone('Europe/Berlin');
    expect(['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']).toContain(zone.time('2026-10-25T02:30').toISOString());
  });

  it.each([
    ['Europe/Berlin', '2026-03-29T01:00:00Z', [60, 120]],
    // the change is in the middle of an hour of UTC
    ['Australia/Adelaide', '2026-10-03T16:30:00Z', [570, 630]],
  ])('changes its offset when the clocks of %s change', (name, time, offsets) => {
    const zone = new Zone(name);
    const change = Date.parse(time);
    expect([zone.offset(change - 1), zone.offset(change)]).toEqual(offsets);
  });

  it('keeps the local time days later, regardless of clock changes', () => {
    const zone = new Zone('Europe/Berlin');
    expect(zone.local(zone.later(zone.time('2026-03-28T09:15'), 1))).toBe('2026-03-29T09:15');
    expect(zone.local(zone.later(zone.time('2026-03-29T09:15'), -7))).toBe('2026-03-22T09:15');
  });

  it('has days of 23 and of 25 hours', () => {
    const zone = new Zone('Europe/Berlin');
    const hours = (day: string) =>
      (zone.time(`${addDays(day, 1)}T00:00`).getTime() - zone.time(`${day}T00:00`).getTime()) / 3_600_000;
    expect([hours('2026-03-29'), hours('2026-10-25'), hours('2026-10-26')]).toEqual([23, 25, 24]);
  });

  it('has another day than UTC before midnight of UTC', () => {
    expect(new Zone('Asia/Vladivostok').day(new Date('2026-02-01T14:00:00Z'))).toBe('2026-02-02');
    expect(new Zone('Asia/Vladivostok').day(new Date('2026-02-01T13:59:59Z'))).toBe('2026-02-01');
  });
});

describe('days', () => {
  it.each([
    ['2026-02-28', 1, '2026-03-01'],
    ['2028-02-28', 1, '2028-02-29'],
    ['2026-01-01', -1, '2025-12-31'],
    ['2026-03-28', 2, '2026-03-30'],
  ])('of %s and %i make %s', (day, days, sum) => {
    expect(addDays(day, days)).toBe(sum);
  });

  it('begin on Monday in a week', () => {
    expect(['2026-02-02', '2026-02-07', '2026-02-08'].map(weekday)).toEqual([1, 6, 7]);
  });
});
