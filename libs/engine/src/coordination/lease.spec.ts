import { systemClock } from '@sluice/plugin-api';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LEASE_TIMES, holdLease, type HeldLease } from './lease.js';
import type { LeaseStore } from '../ports/store.js';

/** A store of leases whose answers wait until the test releases them. */
class FakeLeases implements LeaseStore {
  readonly asked: string[] = [];
  answer: () => Promise<number | undefined> = () => Promise.resolve(1);
  take = () => {
    this.asked.push('take');
    return this.answer();
  };
  release = () => Promise.resolve(void this.asked.push('release'));
  list = () => Promise.resolve([]);
}

describe('a lease', () => {
  let leases: FakeLeases;
  let stop: AbortController;
  let told: string[];

  beforeEach(() => {
    jest.useFakeTimers();
    leases = new FakeLeases();
    stop = new AbortController();
    told = [];
  });
  afterEach(() => {
    stop.abort();
    jest.useRealTimers();
  });

  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  async function hold(draining?: () => Promise<void>): Promise<HeldLease> {
    const lease = holdLease(leases, 'pace.erp', 'one', {
      gained: () => void told.push('gained'),
      lost: () => void told.push('lost'),
      clock: systemClock,
      signal: stop.signal,
      ...(draining && { draining }),
    });
    await pass(0);
    return lease;
  }

  it('is renewed while the last work under it ends, and given up then', async () => {
    let ended = () => undefined as void;
    const lease = await hold(() => new Promise((resolve) => (ended = resolve)));
    stop.abort();
    leases.asked.length = 0;
    await pass(8_000);
    expect(leases.asked).toEqual(['take', 'take', 'take', 'take', 'take']);
    expect([lease.held(), told]).toEqual([true, ['gained']]);
    ended();
    await lease.ended;
    expect(leases.asked.at(-1)).toBe('release');
    expect(told).toEqual(['gained', 'lost']);
  });

  it('is lost by the clock when it cannot be renewed while the last work ends', async () => {
    const lease = await hold(() => new Promise(() => undefined));
    stop.abort();
    leases.answer = () => Promise.reject(new Error('the database is unavailable'));
    await pass(LEASE_TIMES.ttlMs);
    expect([lease.held(), told]).toEqual([false, ['gained', 'lost']]);
  });

  it.each([
    ['is given', () => Promise.resolve(1)],
    ['is not answered', () => Promise.reject(new Error('cut off'))],
  ] as const)('is given up when it %s while the signal fires, and nothing begins under it', async (_how, answer) => {
    let go = () => undefined as void;
    leases.answer = () => new Promise<void>((resolve) => (go = resolve)).then(answer);
    const lease = await hold();
    stop.abort();
    go();
    await lease.ended;
    expect([leases.asked, told]).toEqual([['take', 'release'], []]);
  });

  it('is left alone when another holds it', async () => {
    leases.answer = () => Promise.resolve(undefined);
    const lease = await hold();
    stop.abort();
    await lease.ended;
    expect(leases.asked).toEqual(['take']);
  });
});
