import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Survey } from '../../src/delivery/mailbox.js';
import { MailboxGauges } from '../../src/delivery/mailbox-gauges.js';

describe('gauges of the mailboxes', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('are looked up every fifteen seconds, and stay while the database is away', async () => {
    const reads = new Map<string, () => number>();
    let survey: Survey | undefined = { events: 1, users: 1 };
    const gauges = new MailboxGauges({
      mailbox: { survey: async () => survey ?? Promise.reject(new Error('away')) },
      meter: { gauge: (name, _help, read) => void reads.set(name, read) },
      now: () => 10_000,
    });
    const events = () => reads.get('sluice_mailbox_events')?.();
    const end = new AbortController();
    const watching = gauges.watch(end.signal);
    await jest.advanceTimersByTimeAsync(0);
    expect(events()).toBe(1);
    survey = { events: 2, users: 1, oldest: 4_000 };
    await jest.advanceTimersByTimeAsync(15_000);
    expect([events(), reads.get('sluice_mailbox_oldest_seconds')?.()]).toEqual([2, 6]);
    survey = undefined;
    await jest.advanceTimersByTimeAsync(15_000);
    expect(events()).toBe(2);
    end.abort();
    await watching;
    expect(events()).toBe(0);
  });
});
