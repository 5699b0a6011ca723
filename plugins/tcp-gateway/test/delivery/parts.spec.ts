import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
import { StatementBatches } from '../../src/delivery/mailbox/statement-batches.js';
import type { Session, Subscription } from '../../src/server/stomp-handler.js';
import { deliverWithDelays, spreadDelays } from '../../src/delivery/dispatch/delivery-delays.js';
import { SubscriptionTable } from '../../src/delivery/sessions/subscription-table.js';
import { decodePeerMessage, encodePeerMessage } from '../../src/delivery/dispatch/peer-messages.js';

const content = (text: string) => ({ id: text, headers: { event: 'test', text }, body: Buffer.from(text) });

describe('batches', () => {
  it('join items that arrive during a run, up to the maximum weight', async () => {
    const ran: number[][] = [];
    const batches = new StatementBatches<number>(
      async (items) => {
        ran.push([...items]);
        await new Promise((resolve) => setImmediate(resolve));
      },
      { maxWeight: 10, weightOf: (item) => item },
    );
    const first = batches.add(1);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...[4, 7, 3].map((item) => batches.add(item))]);
    expect(ran).toEqual([[1], [4, 7], [3]]);
  });

  it('fail independently: the next batch runs', async () => {
    const batches = new StatementBatches<string>(
      (items) => (items.includes('bad') ? Promise.reject(new Error('bad')) : Promise.resolve()),
      { maxWeight: 1 },
    );
    const [bad, good] = [batches.add('bad'), batches.add('good')];
    await expect(bad).rejects.toThrow('bad');
    await expect(good).resolves.toBeUndefined();
  });

  describe('with an interval', () => {
    beforeEach(() => {
      jest.useFakeTimers();
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    it('run immediately after a pause, and join items in steady traffic', async () => {
      const ran: number[][] = [];
      const batches = new StatementBatches<number>(
        (items) => {
          ran.push([...items]);
          return Promise.resolve();
        },
        { maxWeight: 3, minInterval: { ms: 20, clock: systemClock } },
      );
      void batches.add(1);
      await jest.advanceTimersByTimeAsync(1);
      expect(ran).toEqual([[1]]);
      void batches.add(2);
      await jest.advanceTimersByTimeAsync(10);
      void batches.add(3);
      expect(ran).toEqual([[1]]);
      await jest.advanceTimersByTimeAsync(10);
      expect(ran).toEqual([[1], [2, 3]]);
      await jest.advanceTimersByTimeAsync(20);
      void batches.add(4);
      await jest.advanceTimersByTimeAsync(1);
      expect(ran).toEqual([[1], [2, 3], [4]]);
    });

    it('run immediately when they are full', async () => {
      const ran: number[][] = [];
      const batches = new StatementBatches<number>(
        (items) => {
          ran.push([...items]);
          return Promise.resolve();
        },
        { maxWeight: 2, minInterval: { ms: 20, clock: systemClock } },
      );
      for (const item of [1, 2, 3, 4]) void batches.add(item);
      await jest.advanceTimersByTimeAsync(2);
      expect(ran).toEqual([
        [1, 2],
        [3, 4],
      ]);
    });
  });
});

describe('a message between hosts', () => {
  it('is decoded to the same contents, with the bytes of every body', () => {
    const word = {
      notifications: [
        { user: 'erp/Иванов', seq: 7, sent: true, content: content('привет\0') },
        { user: 'erp/b', seq: 8, sent: false, due: 5, workplace: 'desk' },
      ],
      broadcasts: [
        { to: { topic: 'prices' }, content: content(''), spreadMs: 30 },
        { to: { all: true as const }, content: content('x'), spreadMs: 0 },
      ],
    };
    expect(decodePeerMessage(encodePeerMessage(word))).toEqual(word);
  });

  it('contains an event for many users once', () => {
    const event = { ...content('for all'), body: Buffer.alloc(8_000, '1') };
    const notifications = Array.from({ length: 100 }, (_, n) => ({ user: `erp/${n}`, seq: n, sent: true, content: event }));
    const bytes = encodePeerMessage({ notifications, broadcasts: [] });
    expect(bytes.length).toBeLessThan(2 * event.body.length);
    const decoded = decodePeerMessage(bytes).notifications;
    expect(decoded.map(({ user }) => user)).toEqual(notifications.map(({ user }) => user));
    expect(decoded.every((notification) => notification.content?.body.equals(event.body))).toBe(true);
  });
});

describe('a spread', () => {
  it('is even over the time, and in a different order each time', () => {
    expect([...spreadDelays(4, 1_000, Math.random)].sort((a, b) => a - b)).toEqual([0, 250, 500, 750]);
    expect(spreadDelays(4, 1_000, () => 0)).not.toEqual([0, 250, 500, 750]);
    expect(spreadDelays(0, 1_000, Math.random)).toEqual([]);
  });

  it('calls each receiver once, and the same number of receivers per second', () => {
    const given: { to: number; at: number }[] = [];
    const steps: { ms: number; run: () => void }[] = [];
    let now = 0;
    const receivers = Array.from({ length: 400 }, (_, n) => n);
    deliverWithDelays(
      receivers,
      10_000,
      (to) => given.push({ to, at: now }),
      (ms, run) => steps.push({ ms, run }),
    );
    for (const { ms, run } of steps) {
      now = ms;
      run();
    }
    expect(given.map(({ to }) => to).sort((a, b) => a - b)).toEqual(receivers);
    const perSecond = Array.from({ length: 10 }, (_, s) => given.filter(({ at }) => Math.floor(at / 1_000) === s).length);
    expect(perSecond).toEqual(Array.from({ length: 10 }, () => 40));
  });
});

describe('topics', () => {
  it('remove all subscriptions of a session, and none of other sessions', () => {
    const [one, other] = [{ id: '1' }, { id: '2' }] as Session[];
    const listen = (session?: Session) => ({ session, deliver: () => true }) as unknown as Subscription;
    const topics = new SubscriptionTable();
    const [prices, news, others] = [listen(one), listen(one), listen(other)];
    topics.add('prices', prices);
    topics.add('news', news);
    topics.add('prices', others);
    topics.remove('news', news);
    topics.add('news', news);
    topics.removeSession(one as Session);
    expect(topics.subscribersOf('prices')).toEqual([others]);
    expect(topics.subscribersOf('news')).toEqual([]);
  });
});
