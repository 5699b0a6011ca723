import { describe, expect, it, jest } from '@jest/globals';
import type { Delivery, Session, Subscription } from '../../server/stomp-handler.js';
import type { EncodedMessage } from '../../stomp/message-frame.js';
import { MailboxReader, MAX_UNACKNOWLEDGED } from './mailbox-reader.js';
import type { MailboxEvent } from '../mailbox/mailbox-event.js';
import type { ReadResult } from '../mailbox/mailbox.js';
import { MemoryMailbox } from '../../../test/delivery/support/memory-mailbox.js';

const USER = 'erp/ivanov';

/** Creates a reader of one session. The test decides when its mailbox responds, and moves its clock. */
function reading() {
  const mailbox = new MemoryMailbox(() => time.now);
  const time = { now: 1_000_000 };
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const sent: string[] = [];
  const gates: (() => void)[] = [];
  const state = { held: false, full: false, fails: false };
  const settled: number[] = [];
  const subscription = {
    session: { bearer: { user: USER }, workplace: undefined } as unknown as Session,
    deliver: (_message: EncodedMessage, delivery?: Delivery) => {
      if (state.full) return false;
      sent.push(`${delivery?.seq}${delivery?.redelivered ? ' again' : ''}`);
      return true;
    },
    settled: (seqs: readonly number[]) => void settled.push(...seqs),
  } satisfies Subscription;
  const reader = new MailboxReader(subscription, {
    mailbox: {
      read: async (request): Promise<ReadResult> => {
        if (state.fails) throw new Error('the database is unavailable');
        const result = await mailbox.read(request);
        if (state.held) await new Promise<void>((resolve) => gates.push(resolve));
        return result;
      },
      readAt: (positions) => mailbox.readAt(positions),
      stillWaiting: (unacknowledged) => mailbox.stillWaiting(unacknowledged),
    },
    clock: { now: () => time.now, monotonic: () => time.now },
    after: (ms, run) => {
      const timer = { at: time.now + ms, run };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  });
  const put = async (count = 1, more: Partial<MailboxEvent> = {}): Promise<readonly MailboxEvent[]> => {
    const events: MailboxEvent[] = [];
    for (let n = 0; n < count; n++) {
      const content = { id: `${Math.random()}`, headers: { event: 'test' }, body: Buffer.from('1') };
      events.push(...(await mailbox.put([{ user: USER, content, keepForMs: 3_600_000, sent: true, ...more }])));
    }
    return events;
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    reader,
    mailbox,
    sent,
    settled,
    state,
    put,
    settle,
    release: () => gates.splice(0).forEach((open) => open()),
    /** Moves the clock and runs the timers that are due then. */
    pass: async (ms: number) => {
      time.now += ms;
      for (const timer of [...timers]) if (timer.at <= time.now && timers.delete(timer)) timer.run();
      await settle();
    },
    now: () => time.now,
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => String(from + n));

describe('a reader of a mailbox', () => {
  it('sends the next event from its notification without reading the mailbox', async () => {
    const { reader, put, sent, state } = reading();
    await reader.catchUp();
    state.fails = true;
    for (const event of await put(3)) reader.notify(event);
    expect(sent).toEqual(['1', '2', '3']);
  });

  it('reads earlier events from the mailbox when their notifications were lost', async () => {
    const { reader, put, sent, settle } = reading();
    await reader.catchUp();
    const [, , third] = await put(3);
    reader.notify(third as MailboxEvent);
    await settle();
    expect(sent).toEqual(['1', '2', '3']);
  });

  it('ignores notifications that are late or repeated', async () => {
    const { reader, put, sent, settle } = reading();
    await reader.catchUp();
    const [first, second] = await put(2);
    for (const notification of [second, first, second, first]) reader.notify(notification as MailboxEvent);
    await settle();
    expect(sent).toEqual(['1', '2']);
  });

  it('sends an event once when its notification arrives during a read that returns it', async () => {
    const { reader, put, sent, state, settle, release } = reading();
    await reader.catchUp();
    const [first, second] = await put(2);
    state.held = true;
    reader.notify(second as MailboxEvent);
    await settle();
    reader.notify(first as MailboxEvent);
    state.held = false;
    release();
    await settle();
    expect(sent).toEqual(['1', '2']);
  });

  it('does not mark an event as redelivered that arrives during the first read', async () => {
    const { reader, put, sent, state, settle, release } = reading();
    await put(1);
    state.held = true;
    const begun = reader.catchUp();
    await settle();
    const [second] = await put(1);
    reader.notify(second as MailboxEvent);
    state.held = false;
    release();
    await begun;
    expect(sent).toEqual(['1 again', '2']);
  });

  it('limits unacknowledged events, and continues when half of them are acknowledged', async () => {
    const { reader, put, sent, settle } = reading();
    await put(MAX_UNACKNOWLEDGED + 60);
    await reader.catchUp();
    expect(sent).toHaveLength(MAX_UNACKNOWLEDGED);
    reader.acknowledged(range(1, MAX_UNACKNOWLEDGED / 2 - 1).map(Number));
    await settle();
    expect(sent).toHaveLength(MAX_UNACKNOWLEDGED);
    reader.acknowledged([MAX_UNACKNOWLEDGED / 2]);
    await settle();
    expect(sent).toHaveLength(MAX_UNACKNOWLEDGED + MAX_UNACKNOWLEDGED / 2);
  });

  it('removes events from its window that another session has acknowledged', async () => {
    const { reader, mailbox, put, sent, settled, settle } = reading();
    await put(MAX_UNACKNOWLEDGED + 5);
    await reader.catchUp();
    const acknowledgedElsewhere = range(1, 3).map((seq) => ({ user: USER, seq: Number(seq) }));
    await mailbox.acknowledge(acknowledgedElsewhere);
    const [next] = await put(1);
    reader.notify(next as MailboxEvent);
    await settle();
    expect(sent).toEqual([...range(1, MAX_UNACKNOWLEDGED + 3).map((seq) => `${seq} again`)]);
    expect(settled).toEqual([1, 2, 3]);
  });

  it('continues without a notification when the events of its window have expired', async () => {
    const { reader, put, sent, pass } = reading();
    await put(MAX_UNACKNOWLEDGED, { keepForMs: 1_000 } as never);
    await put(2);
    await reader.catchUp();
    await pass(1_000);
    await reader.catchUp();
    expect(sent.slice(MAX_UNACKNOWLEDGED)).toEqual([`${MAX_UNACKNOWLEDGED + 1} again`, `${MAX_UNACKNOWLEDGED + 2} again`]);
  });

  it('compares a full window with the mailbox at most once a second', async () => {
    const { reader, mailbox, put, pass, settle } = reading();
    await put(MAX_UNACKNOWLEDGED + 1);
    const compare = jest.spyOn(mailbox, 'stillWaiting');
    await reader.catchUp();
    for (const event of await put(10)) reader.notify(event);
    await settle();
    expect(compare).toHaveBeenCalledTimes(1);
    await pass(1_000);
    for (const event of await put(10)) reader.notify(event);
    await settle();
    expect(compare).toHaveBeenCalledTimes(2);
  });

  it('waits while the client reads too slowly, and loses no event', async () => {
    const { reader, put, sent, state, settle } = reading();
    await reader.catchUp();
    const [first, second] = await put(2);
    state.full = true;
    reader.notify(first as MailboxEvent);
    reader.notify(second as MailboxEvent);
    await settle();
    expect(sent).toEqual([]);
    state.full = false;
    reader.drained();
    await settle();
    expect(sent).toEqual(['1', '2']);
  });

  it('delays an event until it is due, and all later events with it', async () => {
    const { reader, put, sent, pass, now, settle } = reading();
    await reader.catchUp();
    const [early] = await put(1, { due: now() + 2_000 });
    const [next] = await put(1);
    for (const event of [early, next]) reader.notify(event as MailboxEvent);
    await pass(1_999);
    expect(sent).toEqual([]);
    await pass(1);
    await settle();
    expect(sent).toEqual(['1', '2']);
  });

  it('sends a rejected event again after five seconds, and no other event', async () => {
    const { reader, put, sent, pass, settle } = reading();
    await put(2);
    await reader.catchUp();
    reader.rejected([1]);
    await pass(4_999);
    expect(sent).toEqual(['1 again', '2 again']);
    await pass(1);
    await settle();
    expect(sent).toEqual(['1 again', '2 again', '1 again']);
  });

  it('continues automatically when the database is available again', async () => {
    const { reader, put, sent, state, pass, settle } = reading();
    state.fails = true;
    await put(1);
    await reader.catchUp();
    state.fails = false;
    await pass(1_000);
    await settle();
    expect(sent).toEqual(['1 again']);
  });

  it('sends no event after its session has closed', async () => {
    const { reader, put, sent, pass, settle } = reading();
    await put(1);
    await reader.catchUp();
    reader.rejected([1]);
    reader.close();
    const [second] = await put(1);
    reader.notify(second as MailboxEvent);
    await pass(10_000);
    await settle();
    expect(sent).toEqual(['1 again']);
  });
});
