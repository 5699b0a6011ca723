import { describe, expect, it } from '@jest/globals';
import { businessDay, closed, closedBetween, nextOpen, partOfDay } from '../../page/hours.js';
import type { Hours, Resource } from '../../page/model.js';

const MONDAY = '2026-02-02';
const TUESDAY = '2026-02-03';
const resource = (...hours: Hours[]): Resource => ({ code: 'ivanova', name: 'Иванова', shared: false, archived: false, hours });

describe('closed hours', () => {
  it('are empty for a resource without hours', () => {
    expect(closed(resource(), MONDAY)).toEqual([]);
    expect(closedBetween(resource(), MONDAY, TUESDAY)).toEqual([]);
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

  it('are one span over midnight and over days off', () => {
    const rows = resource({ weekday: 1, opens: '09:00', closes: '20:00' }, { weekday: 4, opens: '08:00', closes: '12:00' });
    expect(closedBetween(rows, MONDAY, '2026-02-05')).toEqual([
      { from: '2026-02-02T00:00', to: '2026-02-02T09:00' },
      { from: '2026-02-02T20:00', to: '2026-02-05T08:00' },
      { from: '2026-02-05T12:00', to: '2026-02-06T00:00' },
    ]);
  });
});

describe('the visible day', () => {
  it('goes from the first opening to the last closing', () => {
    const early = resource({ weekday: 1, opens: '07:30', closes: '12:00' });
    const late = resource({ weekday: 5, opens: '12:00', closes: '22:00' }, { day: MONDAY });
    expect(businessDay([late, early])).toEqual({ from: '07:30', to: '22:00' });
  });

  it.each([
    ['11:20', { from: '10:00', to: '14:00' }],
    ['06:00', { from: '08:30', to: '12:30' }],
    ['08:30', { from: '08:30', to: '12:30' }],
    ['19:50', { from: '16:00', to: '20:00' }],
    ['23:00', { from: '16:00', to: '20:00' }],
  ])('is on a narrow screen four hours of it, at %s', (time, expected) => {
    expect(partOfDay({ from: '08:30', to: '20:00' }, time)).toEqual(expected);
  });

  it('is not extended on a narrow screen', () => {
    expect(partOfDay({ from: '09:00', to: '12:00' }, '11:00')).toEqual({ from: '09:00', to: '12:00' });
  });

  it('has default hours for resources without hours', () => {
    expect(businessDay([resource()])).toEqual({ from: '08:00', to: '20:00' });
  });
});

describe('the proposed time of a new entry', () => {
  const workday = { weekday: 1, opens: '09:00', closes: '18:00' };

  it('is the time itself within working hours, and for a resource without hours', () => {
    expect(nextOpen(resource(workday), `${MONDAY}T10:30`)).toBe(`${MONDAY}T10:30`);
    expect(nextOpen(resource(), `${MONDAY}T02:00`)).toBe(`${MONDAY}T02:00`);
  });

  it('is the next opening at night and in the evening', () => {
    expect(nextOpen(resource(workday), `${MONDAY}T02:00`)).toBe(`${MONDAY}T09:00`);
    const both = resource(workday, { weekday: 2, opens: '10:00', closes: '12:00' });
    expect(nextOpen(both, `${MONDAY}T18:00`)).toBe(`${TUESDAY}T10:00`);
  });

  it('is the time itself for a resource without working hours within two weeks', () => {
    const past = resource({ day: '2025-01-01', opens: '09:00', closes: '18:00' });
    expect(nextOpen(past, `${MONDAY}T02:00`)).toBe(`${MONDAY}T02:00`);
  });
});
