import { describe, expect, it } from '@jest/globals';
import type { Flow } from '@sluice/flow';
import { diagnoseSchedules, scheduleReports } from './schedule-reports.js';

const NOW = Date.UTC(2026, 10, 30, 12);
const flowOf = (name: string, cron: string, timezone = 'UTC') =>
  ({ name, trigger: { kind: 'schedule', cron, timezone, missed: 'skip' } }) as unknown as Flow;
const row = (flow: string, cron: string, planned: number, fired?: number) => ({
  flow,
  cron,
  timezone: 'UTC',
  planned: new Date(planned),
  ...(fired !== undefined && { fired: new Date(fired) }),
});

describe('scheduleReports', () => {
  it('returns the next instant and the last one that was fired, the soonest schedule first', () => {
    const flows = [
      flowOf('night', '30 3 * * *', 'Europe/Moscow'),
      flowOf('hourly', '0 * * * *'),
      { name: 'bus', trigger: { kind: 'event' } } as Flow,
    ];
    const rows = [row('hourly', '0 * * * *', NOW, NOW), row('gone', '* * * * *', NOW)];
    expect(scheduleReports(flows, rows, NOW)).toEqual([
      { flow: 'hourly', cron: '0 * * * *', timezone: 'UTC', next: new Date('2026-11-30T13:00Z'), fired: new Date(NOW) },
      { flow: 'night', cron: '30 3 * * *', timezone: 'Europe/Moscow', next: new Date('2026-12-01T00:30Z') },
    ]);
  });

  it('names an instant that is late, but not by a cron that has changed', () => {
    const late = scheduleReports([flowOf('hourly', '0 * * * *')], [row('hourly', '0 * * * *', NOW - 7_200_000)], NOW + 61_000);
    expect(late).toMatchObject([{ late: new Date(NOW), next: new Date('2026-11-30T13:00Z') }]);
    const changed = scheduleReports([flowOf('hourly', '0 * * * *')], [row('hourly', '5 * * * *', NOW - 7_200_000)], NOW + 61_000);
    expect(changed[0]).not.toHaveProperty('late');
  });
});

describe('diagnoseSchedules', () => {
  it('shows times in the zone of the schedule, and problems first', () => {
    const night = { flow: 'night', cron: '30 3 * * *', timezone: 'Europe/Moscow', next: new Date('2026-12-01T00:30Z') };
    const found = diagnoseSchedules([
      { ...night, fired: new Date('2026-11-30T00:30Z') },
      { ...night, flow: 'new' },
      { flow: 'leap', cron: '0 0 30 2 *', timezone: 'UTC' },
      { ...night, flow: 'stuck', late: new Date('2026-11-29T00:30Z') },
    ]);
    expect(found.map(({ what, ok, says }) => `${ok ? 'ok' : 'problem'} ${what}: ${says}`)).toEqual([
      'problem schedule leap: "0 0 30 2 *" never fires: no later date matches it',
      'problem schedule stuck: the firing of 2026-11-29 03:30 is late; never fired so far',
      'ok schedule night: next 2026-12-01 03:30 Europe/Moscow, last fired 2026-11-30 03:30',
      'ok schedule new: next 2026-12-01 03:30 Europe/Moscow, never fired so far',
    ]);
  });

  it('counts those beyond the fiftieth', () => {
    const many = Array.from({ length: 1_000 }, (_, n) => ({ flow: `n${n}`, cron: '0 0 30 2 *', timezone: 'UTC' }));
    const found = diagnoseSchedules(many);
    expect(found).toHaveLength(51);
    expect(found.at(-1)?.says).toBe('950 more, 950 of them with a problem: sluice status --format json');
  });
});
