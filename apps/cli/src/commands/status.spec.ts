import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { statusText, type HostStatus } from './status.js';

const pace = { owner: true, limit: 4, max: 10, inFlight: 0, lingering: 0, breaker: 'closed' as const };

function told(state: 'open' | 'closed', more: object = {}, leases: object[] = []): string {
  const text = statusText({
    engines: 'embedded',
    flows: [],
    bus: { state: 'up' },
    queues: [],
    paces: { erp: { ...pace, ...more } },
    connections: [{ connection: 'erp', plugin: 'onec-http', state }],
    parked: {},
    leases,
  } as HostStatus);
  // a CI counts as a terminal with colours
  return stripVTControlCharacters(text);
}

describe('the status', () => {
  it.each([
    ['closed', 'not used yet'],
    ['open', 'in use'],
  ] as const)('says of a connection that is %s that it is %s', (state, words) => {
    expect(told(state)).toContain(words);
  });

  it('says that calls wait while the other side cannot be reached', () => {
    expect(told('open', { closedBecause: 'not reached' })).toMatch(/calls wait .*not reached/);
  });

  it('shows the pace of another host, as that host says it', () => {
    const info = { ...pace, inFlight: 3, limit: 7 };
    const lease = { name: 'pace.erp', holder: 'two-17', epoch: 1, live: true, info };
    expect(told('open', { owner: false }, [lease])).toMatch(/3 of 7 calls \(at most 10\), by host two-17/);
    expect(told('open', { owner: false }, [{ ...lease, info: { ...info, closedBecause: 'not reached' } }])).toMatch(
      /calls wait .*not reached/,
    );
  });

  it('says when no host has the pace', () => {
    const gone = { name: 'pace.erp', holder: 'two-17', epoch: 1, live: false, info: pace };
    expect(told('open', { owner: false }, [gone])).toContain('no host has it now');
  });
});
