import { describe, expect, it } from '@jest/globals';
import { businessDay, closed, isOpenOn } from '../../page/hours.js';
import type { Hours, Resource } from '../../page/model.js';

const MONDAY = '2026-02-02';
const TUESDAY = '2026-02-03';
const resource = (...hours: Hours[]): Resource => ({ code: 'ivanova', name: 'Иванова', shared: false, archived: false, hours });

describe('closed hours', () => {
  it('are empty for a resource without hours', () => {
    expect(closed(resource(), MONDAY)).toEqual([]);
  });

  it('are before, between and after the rows of a day, in any order of rows', () => {
    const rows = resource({ weekday: 1, opens: '14:00', closes: '20:00' }, { weekday: 1, opens: '09:00', closes: '13:00' });
    expect(closed(rows, MONDAY)).toEqual([
      { from: '00:00', to: '09:00' },
      { from: '13:00', to: '14:00' },
      { from: '20:00', to: '24:00' },
    ]);
  });

  it('are the whole day on a weekday without a row', () => {
    expect(closed(resource({ weekday: 2, opens: '09:00', closes: '13:00' }), MONDAY)).toEqual([{ from: '00:00', to: '24:00' }]);
  });

  it('follow the rows of a date instead of its weekday, also for a day off', () => {
    const weekly = { weekday: 1, opens: '09:00', closes: '20:00' };
    expect(closed(resource(weekly, { day: MONDAY, opens: '10:00', closes: '24:00' }), MONDAY)).toEqual([
      { from: '00:00', to: '10:00' },
    ]);
    expect(closed(resource(weekly, { day: MONDAY }), MONDAY)).toEqual([{ from: '00:00', to: '24:00' }]);
  });

  it('have no gap between adjacent rows', () => {
    const rows = resource({ weekday: 1, opens: '00:00', closes: '12:00' }, { weekday: 1, opens: '12:00', closes: '23:59' });
    expect(closed(rows, MONDAY)).toEqual([{ from: '23:59', to: '24:00' }]);
  });
});

describe('the visible day', () => {
  it('goes from the first opening to the last closing', () => {
    const early = resource({ weekday: 1, opens: '07:30', closes: '12:00' });
    const late = resource({ weekday: 5, opens: '12:00', closes: '22:00' }, { day: MONDAY });
    expect(businessDay([late, early])).toEqual({ from: '07:30', to: '22:00' });
  });

  it('has default hours for resources without hours', () => {
    expect(businessDay([resource()])).toEqual({ from: '08:00', to: '20:00' });
  });
});

describe('a working day', () => {
  it('is each day of a resource without hours, otherwise the days with rows, except a day off', () => {
    const hours = resource({ weekday: 1, opens: '09:00', closes: '20:00' });
    expect([isOpenOn(resource(), TUESDAY), isOpenOn(hours, MONDAY), isOpenOn(hours, TUESDAY)]).toEqual([true, true, false]);
    expect(isOpenOn(resource({ weekday: 1, opens: '09:00', closes: '20:00' }, { day: MONDAY }), MONDAY)).toBe(false);
  });
});
