import { systemClock } from '@sluice/plugin-api';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { MailboxTotals } from './mailbox.js';
import { MailboxGauges } from './mailbox-gauges.js';

describe('gauges of the mailboxes', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const watched = (count: () => Promise<MailboxTotals>) => {
    const reads = new Map<string, () => number>();
    const end = new AbortController();
    const gauges = new MailboxGauges({
      mailbox: { totals: count },
      meter: { gauge: (name, _help, read) => void reads.set(name, read) },
      clock: { ...systemClock, now: () => 10_000 },
    });
    const watching = gauges.watch(end.signal);
    return {
      read: (name: string) => reads.get(`sluice_mailbox_${name}`)?.(),
      stop: async () => {
        end.abort();
        await watching;
      },
    };
  };

  it('are counted every fifteen seconds, and do not change while the database is unavailable', async () => {
    let totals: MailboxTotals | undefined = { events: 1, users: 1 };
    const { read, stop } = watched(async () => totals ?? Promise.reject(new Error('the database is unavailable')));
    await jest.advanceTimersByTimeAsync(0);
    expect(read('events')).toBe(1);
    totals = { events: 2, users: 1, oldest: 4_000 };
    await jest.advanceTimersByTimeAsync(15_000);
    expect([read('events'), read('oldest_seconds')]).toEqual([2, 6]);
    totals = undefined;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(read('events')).toBe(2);
    await stop();
  });

  it('report 0 once another host counts, also when an earlier count ends later', async () => {
    let finishCount: (totals: MailboxTotals) => void = () => undefined;
    const { read, stop } = watched(() => new Promise((resolve) => (finishCount = resolve)));
    finishCount({ events: 3, users: 1 });
    await jest.advanceTimersByTimeAsync(15_000);
    expect(read('events')).toBe(3);
    await stop();
    expect(read('events')).toBe(0);
    finishCount({ events: 4, users: 1 });
    await jest.advanceTimersByTimeAsync(0);
    expect(read('events')).toBe(0);
  });
});
