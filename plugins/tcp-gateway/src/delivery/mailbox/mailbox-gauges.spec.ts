import { systemClock } from '@sluice/plugin-api';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { MailboxTotals } from './mailbox.js';
import { MailboxGauges } from './mailbox-gauges.js';

describe('gauges of the mailboxes', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const watched = (survey: () => Promise<MailboxTotals>) => {
    const reads = new Map<string, () => number>();
    const end = new AbortController();
    const gauges = new MailboxGauges({
      mailbox: { totals: survey },
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

  it('are looked up every fifteen seconds, and stay while the database is away', async () => {
    let survey: MailboxTotals | undefined = { events: 1, users: 1 };
    const { read, stop } = watched(async () => survey ?? Promise.reject(new Error('away')));
    await jest.advanceTimersByTimeAsync(0);
    expect(read('events')).toBe(1);
    survey = { events: 2, users: 1, oldest: 4_000 };
    await jest.advanceTimersByTimeAsync(15_000);
    expect([read('events'), read('oldest_seconds')]).toEqual([2, 6]);
    survey = undefined;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(read('events')).toBe(2);
    await stop();
  });

  it('say nothing once another host looks, also when what was asked before comes later', async () => {
    let tell: (survey: MailboxTotals) => void = () => undefined;
    const { read, stop } = watched(() => new Promise((resolve) => (tell = resolve)));
    tell({ events: 3, users: 1 });
    await jest.advanceTimersByTimeAsync(15_000);
    expect(read('events')).toBe(3);
    await stop();
    expect(read('events')).toBe(0);
    tell({ events: 4, users: 1 });
    await jest.advanceTimersByTimeAsync(0);
    expect(read('events')).toBe(0);
  });
});
