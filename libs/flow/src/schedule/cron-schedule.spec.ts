import { describe, expect, it } from '@jest/globals';
import { DateTime } from 'luxon';
import { CronSchedule, cronProblem } from './cron-schedule.js';

/** Returns the next instants, to the minute in UTC. */
function instants(cron: string, timezone: string, from: string, count: number): string[] {
  const schedule = new CronSchedule(cron, timezone);
  const found: string[] = [];
  for (let at = schedule.next(Date.parse(from)); at !== undefined && found.length < count; at = schedule.next(at)) {
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

describe('a fixed hour', () => {
  it.each([
    [
      'fires at the end of the gap that removes it',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:30'],
    ],
    [
      'fires once for all minutes of the gap',
      '*/10 2 * * *',
      'America/New_York',
      '2026-03-08T05:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:00'],
    ],
    [
      'fires once when the end of the gap matches too',
      '0 2,3 * * *',
      'America/New_York',
      '2026-03-08T05:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:00'],
    ],
    [
      'fires in the first pass of a repeated hour',
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T04:00Z',
      ['2026-11-01T05:30', '2026-11-02T06:30'],
    ],
    [
      'fires in the first pass with wildcard minutes',
      '*/30 1 * * *',
      'America/New_York',
      '2026-11-01T04:00Z',
      ['2026-11-01T05:00', '2026-11-01T05:30', '2026-11-02T06:00'],
    ],
    [
      'is not repeated when planned within the second pass',
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T06:10Z',
      ['2026-11-02T06:30'],
    ],
    [
      'fires at the end of a gap in Europe',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'fires once in a repeated hour in Europe',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'fires at the end of a gap of half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30', '2026-10-04T15:15'],
    ],
    [
      'fires once in a repeated half hour',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T00:00Z',
      ['2026-04-04T14:45', '2026-04-05T15:15'],
    ],
    [
      'fires after a day that does not exist',
      '30 3 * * *',
      'Pacific/Apia',
      '2011-12-28T20:00Z',
      ['2011-12-29T13:30', '2011-12-30T10:00', '2011-12-30T13:30'],
    ],
    [
      'fires after a date that does not exist',
      '30 3 30 12 *',
      'Pacific/Apia',
      '2011-12-28T20:00Z',
      ['2011-12-30T10:00', '2012-12-29T13:30'],
    ],
    [
      'fires once at the midnight after a day that does not exist',
      '0 0 * * *',
      'Pacific/Apia',
      '2011-12-28T20:00Z',
      ['2011-12-29T10:00', '2011-12-30T10:00', '2011-12-31T10:00'],
    ],
  ])('%s', (_title, cron, timezone, from, expected) => {
    expect(instants(cron, timezone, from, expected.length)).toEqual(expected);
  });
});

describe('a wildcard hour', () => {
  it.each([
    [
      'fires at real instants only, around a gap',
      '30 * * * *',
      'America/New_York',
      '2026-03-08T05:00Z',
      ['2026-03-08T05:30', '2026-03-08T06:30', '2026-03-08T07:30'],
    ],
    [
      'leaves out a stepped hour in the gap',
      '0 */2 * * *',
      'America/New_York',
      '2026-03-08T04:00Z',
      ['2026-03-08T05:00', '2026-03-08T08:00'],
    ],
    [
      'fires in both passes of a repeated hour',
      '*/30 * * * *',
      'America/New_York',
      '2026-11-01T04:45Z',
      ['2026-11-01T05:00', '2026-11-01T05:30', '2026-11-01T06:00', '2026-11-01T06:30', '2026-11-01T07:00'],
    ],
    [
      'fires in both passes of a day that is named',
      '30 * 1 11 *',
      'America/New_York',
      '2026-11-01T04:45Z',
      ['2026-11-01T05:30', '2026-11-01T06:30', '2026-11-01T07:30'],
    ],
    [
      'fires in both passes in Europe',
      '0 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:30Z',
      ['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00'],
    ],
    [
      'fires around a gap of half an hour',
      '*/15 * * * *',
      'Australia/Lord_Howe',
      '2026-10-03T15:10Z',
      ['2026-10-03T15:15', '2026-10-03T15:30', '2026-10-03T15:45'],
    ],
    [
      'fires in both passes of a repeated half hour',
      '*/15 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:40Z',
      ['2026-04-04T14:45', '2026-04-04T15:00', '2026-04-04T15:15', '2026-04-04T15:30'],
    ],
    [
      'fires before and after a day that does not exist',
      '30 * * * *',
      'Pacific/Apia',
      '2011-12-30T08:45Z',
      ['2011-12-30T09:30', '2011-12-30T10:30'],
    ],
    [
      'fires in an hour that midnight repeats on the day before',
      '30 * 17 2 *',
      'America/Sao_Paulo',
      '2018-02-18T01:00Z',
      ['2018-02-18T01:30', '2018-02-18T02:30', '2019-02-17T03:30'],
    ],
  ])('%s', (_title, cron, timezone, from, expected) => {
    expect(instants(cron, timezone, from, expected.length)).toEqual(expected);
  });
});

describe('CronSchedule', () => {
  it.each([
    ['Australia/Lord_Howe', '2026-04-04'],
    ['Australia/Lord_Howe', '2026-10-03'],
    ['America/New_York', '2026-03-08'],
    ['America/New_York', '2026-11-01'],
    ['Pacific/Apia', '2011-12-30'],
  ])('fires a wildcard in %s at each minute around %s whose local time matches, and at no other', (zone, date) => {
    const matching: number[] = [];
    const from = Date.parse(date);
    for (let at = from; at < from + 2 * 86_400_000; at += 60_000) {
      const { hour, minute } = DateTime.fromMillis(at, { zone });
      if (hour % 5 === 0 && minute % 7 === 0) matching.push(at);
    }
    const schedule = new CronSchedule('*/7 */5 * * *', zone);
    const planned: number[] = [];
    for (let at = schedule.next(from - 1); planned.length < matching.length; at = schedule.next(at ?? NaN))
      planned.push(at ?? NaN);
    expect(planned).toEqual(matching);
  });

  it('finds the last instant of a long time', () => {
    const schedule = new CronSchedule('* * * * *', 'UTC');
    expect(schedule.last(0, Date.UTC(2026, 0, 1, 0, 0, 30))).toBe(Date.UTC(2026, 0, 1));
    expect(schedule.last(Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1, 0, 0, 59))).toBeUndefined();
    const yearly = new CronSchedule('0 3 29 2 *', 'Europe/Berlin');
    expect(yearly.last(0, Date.UTC(2026, 0, 1))).toBe(Date.UTC(2024, 1, 29, 2));
  });

  it('combines days of the month and of the week by "or"', () => {
    expect(instants('0 0 13 * 5', 'UTC', '2026-02-01T00:00Z', 3)).toEqual([
      '2026-02-06T00:00',
      '2026-02-13T00:00',
      '2026-02-20T00:00',
    ]);
  });

  it('rejects a zone that does not exist', () => {
    expect(() => new CronSchedule('0 3 * * *', 'Europe/Nowhere')).toThrow('"Europe/Nowhere" is not a time zone');
  });
});

describe('cronProblem', () => {
  it.each(['0 3 30 2 *', '0 0 31 2,4,6,9,11 *'])('reports that %s never fires', (cron) => {
    expect(cronProblem(cron)).toEqual({ kind: 'never', reason: `no date matches "${cron}", so it never fires` });
  });

  it.each([
    ['* * * *', 'has 4 fields, and a schedule has five'],
    ['* * * * * *', 'has 6 fields, and a schedule has five'],
    ['@daily', 'has one field, and a schedule has five'],
    ['2026-01-01T00:00:00', 'has one field, and a schedule has five'],
    ['', 'a schedule is not empty'],
    ['60 * * * *', '60 is not valid for the minute'],
    ['0 24 * * *', '24 is not valid for the hour'],
    ['*/0 * * * *', '*/0 is not valid for the minute'],
    ['0 0 32 * *', '32 is not valid for the day of the month'],
    ['0 0 * * 1#6', '1#6 is not valid for the day of the week'],
    ['a b c d e', 'a is not valid for the minute'],
  ])('reports the error in %s', (cron, reason) => {
    expect(cronProblem(cron)).toEqual({ kind: 'syntax', reason: expect.stringContaining(reason) });
  });

  it.each(['30 3 * * 1-6', '0 3 L * *', '0 9 * * MON-FRI', '0 0 29 2 *', '*/5 8-18 * * *'])('accepts %s', (cron) => {
    expect(cronProblem(cron)).toBeUndefined();
  });
});
