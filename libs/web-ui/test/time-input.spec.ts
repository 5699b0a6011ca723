import { describe, expect, it } from '@jest/globals';
import { monthGrid, readDay, readTime, stepMonth, stepTime, writeDay } from '../ui/client/time-input.js';

describe('a typed time', () => {
  it.each([
    ['9', '09:00'],
    ['930', '09:30'],
    ['9:30', '09:30'],
    ['9.30', '09:30'],
    [' 21 05 ', '21:05'],
    ['0', '00:00'],
    ['23:59', '23:59'],
  ])('%s is %s', (text, expected) => {
    expect(readTime(text)).toBe(expected);
  });

  it.each(['', '24', '9:60', '9:3', 'noon', '9 pm', '12345'])('%j is no time', (text) => {
    expect(readTime(text)).toBeUndefined();
  });

  it.each([
    ['09:02', 5, '09:05'],
    ['09:05', 5, '09:10'],
    ['09:02', -5, '09:00'],
    ['09:00', -5, '08:55'],
    ['23:57', 5, '23:59'],
    ['00:02', -5, '00:00'],
  ])('%s changed by %i minutes is %s', (time, minutes, expected) => {
    expect(stepTime(time, minutes)).toBe(expected);
  });
});

describe('a typed day', () => {
  it.each([
    ['28.02.2026', '2026-02-28'],
    ['28/2/26', '2026-02-28'],
    ['1.3', '2026-03-01'],
    ['2028-02-29', '2028-02-29'],
  ])('%s is %s', (text, expected) => {
    expect(readDay(text, '2026-01-15')).toBe(expected);
  });

  it.each(['', '29.02.2026', '32.01.2026', '1.13.2026', 'tomorrow', '2026-2-1'])('%j is no day', (text) => {
    expect(readDay(text, '2026-01-15')).toBeUndefined();
  });

  it('is written in the order of the language', () => {
    expect([writeDay('2026-02-28', 'ru'), writeDay('2026-02-28', 'en')]).toEqual(['28.02.2026', '28/02/2026']);
  });
});

describe('the calendar of a month', () => {
  it('has six weeks from a Monday on', () => {
    const days = monthGrid('2026-02');
    expect([days.length, days[0], days[6], days.at(-1)]).toEqual([42, '2026-01-26', '2026-02-01', '2026-03-08']);
  });

  it('turns over the end of a year', () => {
    expect([stepMonth('2026-12', 1), stepMonth('2026-01', -1)]).toEqual(['2027-01', '2025-12']);
  });
});
