import { describe, expect, it } from '@jest/globals';
import type { CalendarWindow } from '@sluice/flow';
import { Calendar } from './calendar.js';

const ZONE = 'Europe/Moscow';
/** Returns a moment of Moscow time in milliseconds since 1970. */
const at = (text: string) => Date.parse(`${text}+03:00`);
const hours = (from: number, to: number): Pick<CalendarWindow, 'from' | 'to'> => ({ from: from * 60, to: to * 60 });
const calendar = (...windows: CalendarWindow[]) => new Calendar(windows, ZONE);

describe('Calendar', () => {
  it('has no restriction and no boundary without windows', () => {
    expect(calendar().at(at('2026-03-02T12:00'))).toEqual({ all: {}, classes: {}, closed: false, until: Infinity });
  });

  it('restricts from the first minute of a window up to its last, in its time zone', () => {
    const night = calendar({ ...hours(2, 6), concurrency: 0, reason: 'exchange with the branches' });
    expect(night.at(at('2026-03-02T01:59:59.999'))).toEqual({
      all: {},
      classes: {},
      closed: false,
      until: at('2026-03-02T02:00'),
    });
    expect(night.at(at('2026-03-02T02:00'))).toEqual({
      all: { concurrency: 0 },
      classes: {},
      closed: true,
      reason: 'exchange with the branches',
      until: at('2026-03-02T06:00'),
      opensAt: new Date(at('2026-03-02T06:00')),
    });
    expect(night.at(at('2026-03-02T06:00')).closed).toBe(false);
  });

  it('supports windows that cross midnight', () => {
    const night = calendar({ ...hours(22, 6), concurrency: 1 });
    for (const moment of ['2026-03-02T22:00', '2026-03-03T00:00', '2026-03-03T05:59']) {
      expect(night.at(at(moment)).all.concurrency).toBe(1);
    }
    expect(night.at(at('2026-03-03T06:00')).all.concurrency).toBeUndefined();
    expect(night.at(at('2026-03-03T06:00')).until).toBe(at('2026-03-03T22:00'));
  });

  it('matches the day on which a window begins, also past midnight', () => {
    const friday = calendar({ ...hours(22, 6), days: [5], concurrency: 0 });
    expect(friday.at(at('2026-03-06T23:00')).closed).toBe(true);
    expect(friday.at(at('2026-03-07T05:00')).closed).toBe(true);
    expect(friday.at(at('2026-03-07T23:00')).closed).toBe(false);
    expect(friday.at(at('2026-03-06T05:00')).closed).toBe(false);
  });

  it('finds next week’s occurrence of a window that is over for this week', () => {
    expect(calendar({ ...hours(8, 9), days: [1], concurrency: 1 }).at(at('2026-03-02T10:00')).until).toBe(at('2026-03-09T08:00'));
  });

  it('restricts on its dates only, and finds a date months ahead', () => {
    const day = calendar({ ...hours(0, 24), dates: ['2026-12-31'], concurrency: 0 });
    expect(day.at(at('2026-03-02T12:00')).until).toBe(at('2026-12-31T00:00'));
    expect(day.at(at('2026-12-31T23:59')).closed).toBe(true);
    expect(day.at(at('2027-01-01T00:00'))).toMatchObject({ closed: false, until: Infinity });
  });

  it('applies the smallest limit and the lowest rate where windows overlap', () => {
    const view = calendar(
      { ...hours(8, 20), concurrency: 3, rate: { count: 100, perMs: 60_000 } },
      { ...hours(10, 12), concurrency: 5, rate: { count: 1, perMs: 1_000 } },
    ).at(at('2026-03-02T11:00'));
    expect(view.all).toEqual({ concurrency: 3, rate: { count: 1, perMs: 1_000 } });
  });

  it('restricts a single class', () => {
    const view = calendar({ ...hours(8, 20), priority: 'bulk', concurrency: 0 }).at(at('2026-03-02T11:00'));
    expect(view).toEqual({ all: {}, classes: { bulk: { concurrency: 0 } }, closed: false, until: at('2026-03-02T20:00') });
  });

  it('is closed when every class is closed', () => {
    const each = (['interactive', 'normal', 'bulk'] as const).map((priority) => ({ ...hours(1, 2), priority, concurrency: 0 }));
    expect(calendar(...each).at(at('2026-03-02T01:30')).closed).toBe(true);
  });

  it('returns when a chain of windows opens again', () => {
    const weekend = calendar({ ...hours(18, 24), days: [5], concurrency: 0 }, { ...hours(0, 24), days: [6, 7], concurrency: 0 });
    expect(weekend.at(at('2026-03-06T19:00')).opensAt).toEqual(new Date(at('2026-03-09T00:00')));
  });

  it('returns no opening time for a calendar that never opens', () => {
    expect(calendar({ ...hours(0, 24), concurrency: 0 }).at(at('2026-03-02T12:00')).opensAt).toBeUndefined();
  });

  it('keeps the local hours of a window when the clocks change', () => {
    const berlin = new Calendar([{ ...hours(1, 4), concurrency: 0 }], 'Europe/Berlin');
    // on 29 March 2026 the hour from 2 to 3 does not exist
    expect(berlin.at(Date.parse('2026-03-29T00:00Z')).until).toBe(Date.parse('2026-03-29T02:00Z'));
    expect(berlin.at(Date.parse('2026-03-30T00:00Z')).until).toBe(Date.parse('2026-03-30T02:00Z'));
  });

  it('evaluates the windows again when the clock has been set back', () => {
    const night = calendar({ ...hours(2, 6), concurrency: 0 });
    expect(night.at(at('2026-03-02T03:00')).closed).toBe(true);
    expect(night.at(at('2026-03-02T01:00')).closed).toBe(false);
  });
});
