import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { HostStatus } from '@sluice/admin-contract';
import { statusText } from './status.js';
import { shown } from '../terminal/paint.js';

const NOW = new Date('2026-11-30T12:00:00Z');
const pace = { owner: true, limit: 4, max: 10, inFlight: 0, lingering: 0, breaker: 'closed' as const };

function statusOf(state: 'idle' | 'in use', more: object = {}, leases: object[] = [], schedules: object[] = []): string {
  const text = statusText(
    {
      engines: 'embedded',
      flows: [],
      files: { directory: '/srv/shop', state: 'current', restart: [], changed: [], errors: [] },
      hosts: [],
      bus: { state: 'up' },
      queues: [],
      paces: { erp: { ...pace, ...more } },
      connections: [{ connection: 'erp', plugin: 'onec-http', state, waiting: 3, oldest: '2026-11-30T11:48:00Z', perMinute: 42 }],
      parked: {},
      leases,
      newerStates: [],
      parkedAccounts: [],
      schedules,
    } as unknown as HostStatus,
    NOW,
  );
  // picocolors treats CI as a terminal with colours
  return stripVTControlCharacters(shown(text));
}

describe('statusText', () => {
  it.each(['idle', 'in use'] as const)('shows the state of a connection: %s', (state) => {
    expect(statusOf(state)).toContain(state);
  });

  it('shows the number of waiting calls, the age of the oldest and the calls per minute', () => {
    expect(statusOf('in use')).toMatch(/CONNECTION +WAIT +OLDEST +PER MINUTE +PACE +STATE\nerp +3 +12 min ago +42 +0 of 4 calls/);
  });

  it('shows why the limit is below its maximum', () => {
    expect(statusOf('in use', { limitedBecause: '1C answers slower' })).toMatch(
      /0 of 4 calls \(at most 10\) +in use: 1C answers slower/,
    );
  });

  it('shows that calls wait while the remote system cannot be reached', () => {
    expect(statusOf('in use', { closedBecause: 'not reached' })).toMatch(/calls wait: not reached/);
  });

  it('shows issuers and flows whose parked runs are near the limit', () => {
    const account = { account: 'issuer shop', runs: 9, bytes: 90, limit: 100, isFull: false };
    const base = {
      engines: 'embedded',
      flows: [],
      files: { directory: '/', state: 'current' },
      hosts: [],
      bus: { state: 'up' },
      queues: [],
    };
    const more = { paces: {}, connections: [], parked: {}, leases: [], newerStates: [], schedules: [] };
    const text = statusText(
      {
        ...base,
        ...more,
        parkedAccounts: [account, { ...account, account: 'flow hook', bytes: 130, isFull: true }],
      } as unknown as HostStatus,
      NOW,
    );
    expect(text).toContain('parked runs of issuer shop take 90 % of settings.limits.parked');
    expect(text).toContain('parked runs of flow hook take 130 % of settings.limits.parked: its events are refused');
  });

  it('shows queues whose runs wait for a host of a newer release', () => {
    const text = statusText(
      {
        engines: 'embedded',
        flows: [],
        files: { directory: '/srv/shop', state: 'current', restart: [], changed: [], errors: [] },
        hosts: [],
        bus: { state: 'up' },
        queues: [],
        paces: {},
        connections: [],
        parked: {},
        leases: [],
        newerStates: [{ queue: 'flow.save.next', version: 2, handedBack: 7, lastAt: 0 }],
        parkedAccounts: [],
        schedules: [],
      },
      NOW,
    );
    expect(stripVTControlCharacters(shown(text))).toMatch(/flow\.save\.next +2 +7/);
  });

  it('shows the next and the last instant of schedules in their zones, and which is late', () => {
    const night = { flow: 'night', cron: '30 3 * * *', timezone: 'Europe/Moscow', next: '2026-12-01T00:30:00.000Z' };
    const schedules = [
      { ...night, fired: '2026-11-30T00:30:00.000Z' },
      { ...night, flow: 'stuck', late: '2026-11-30T00:30:00.000Z' },
      { flow: 'leap', cron: '0 0 30 2 *', timezone: 'UTC' },
      ...Array.from({ length: 18 }, () => night),
    ];
    const text = statusOf('idle', {}, [], schedules);
    expect(text).toMatch(
      /SCHEDULE +CRON +NEXT +LAST FIRED\nnight +30 3 \* \* \* Europe\/Moscow +2026-12-01 03:30 +2026-11-30 03:30\n/,
    );
    expect(text).toMatch(/stuck .* late: 2026-11-30 03:30/);
    expect(text).toMatch(/leap +0 0 30 2 \* UTC +never/);
    expect(text).toContain('1 more: --format json');
  });

  it('shows the pace that another host reports', () => {
    const info = { ...pace, inFlight: 3, limit: 7 };
    const lease = { name: 'pace.erp', holder: 'two-17', epoch: 1, live: true, info };
    expect(statusOf('in use', { owner: false }, [lease])).toMatch(/3 of 7 calls \(at most 10\), by host two-17/);
    expect(statusOf('in use', { owner: false }, [{ ...lease, info: { ...info, closedBecause: 'not reached' } }])).toMatch(
      /calls wait: not reached/,
    );
  });

  it('reports that no host owns the pace', () => {
    const gone = { name: 'pace.erp', holder: 'two-17', epoch: 1, live: false, info: pace };
    expect(statusOf('in use', { owner: false }, [gone])).toContain('no host has it now');
  });
});
