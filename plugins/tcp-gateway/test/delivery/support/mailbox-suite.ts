import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bearer } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import type { MailboxEvent } from '../../../src/delivery/mailbox/mailbox-event.js';
import type { Mailbox, NewMailboxEvent } from '../../../src/delivery/mailbox/mailbox.js';

export interface MailboxHarness {
  /** Opens the mailbox as another host does. All opened mailboxes share their contents. */
  open(now?: () => number): Promise<Mailbox>;
  close(): Promise<void>;
}

/** Conformance suite for mailboxes. Each test uses its own user, so tests do not affect each other. */
export function mailboxSuite(name: string, start: () => Promise<MailboxHarness>): void {
  describe(`Mailbox: ${name}`, () => {
    let harness: MailboxHarness;
    let mailbox: Mailbox;
    let user: string;

    beforeAll(async () => {
      harness = await start();
      mailbox = await harness.open();
    });
    afterAll(() => harness?.close());
    beforeEach(() => {
      user = `erp/user-${randomUUID()}`;
    });

    const mail = (text: string, more: Partial<NewMailboxEvent> = {}): NewMailboxEvent => ({
      user,
      content: { id: randomUUID(), headers: { event: 'test', text }, body: Buffer.from(JSON.stringify(text)) },
      keepForMs: 60_000,
      sent: false,
      ...more,
    });
    const put = async (text: string, more: Partial<NewMailboxEvent> = {}, into = mailbox) =>
      (await into.put([mail(text, more)]))[0];
    const read = (after = 0, limit = 100, workplace?: string) => mailbox.read({ user, after, limit, workplace });
    const texts = (events: readonly MailboxEvent[]) => events.map(({ content }) => content.headers['text']);
    const bearer = (claims: Partial<Bearer> = {}): Bearer => ({
      user,
      issuer: 'erp',
      sub: user.slice(4),
      scopes: ['desktop'],
      events: [],
      topics: [],
      groups: [],
      expiresAt: 0,
      ...claims,
    });

    it('returns stored events in order, with their bytes', async () => {
      const body = Buffer.from([0, 255, 10]);
      await put('а');
      await mailbox.put([mail('б'), { ...mail('в'), content: { id: randomUUID(), headers: { text: 'в\n\\' }, body } }]);
      const { events, highestSeq } = await read();
      expect(texts(events)).toEqual(['а', 'б', 'в\n\\']);
      expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(highestSeq).toBe(3);
      expect(events[2]?.content.body).toEqual(body);
    });

    it('numbers events of several hosts without gaps', async () => {
      const other = await harness.open();
      const all = Array.from({ length: 60 }, (_, n) => put(String(n), {}, n % 2 ? mailbox : other));
      const seqs = (await Promise.all(all)).map((one) => one?.seq ?? 0);
      expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    });

    it('stores an event of a user once, also when two hosts put it at the same time', async () => {
      const other = await harness.open();
      const twice = mail('once');
      const taken = await Promise.all([mailbox.put([twice]), other.put([twice]), mailbox.put([twice])]);
      expect(new Set(taken.flat().map(({ seq }) => seq)).size).toBe(1);
      expect(texts((await read()).events)).toEqual(['once']);
      expect(await mailbox.put([twice])).toEqual([]);
    });

    it('does not store an acknowledged event again when its hop is repeated', async () => {
      const once = mail('once');
      const [kept] = await mailbox.put([once]);
      await mailbox.acknowledge([{ user, seq: kept?.seq ?? 0 }]);
      expect(await mailbox.put([once])).toEqual([]);
      expect((await read()).events).toEqual([]);
    });

    describe('ignores a repeated event', () => {
      const repeat = async (event: NewMailboxEvent, into = mailbox) => expect(await into.put([event])).toEqual([]);

      it('that waits: the event keeps its place and its expiry', async () => {
        const event = mail('first', { keepForMs: 1_000 });
        await mailbox.put([event, mail('second')]);
        await repeat({ ...event, keepForMs: 60_000 });
        expect(texts((await read()).events)).toEqual(['first', 'second']);
        const later = await harness.open(() => Date.now() + 2_000);
        expect(texts((await later.read({ user, after: 0, limit: 10, workplace: undefined })).events)).toEqual(['second']);
      });

      it('that a newer event with its collapse key has replaced', async () => {
        const state = mail('state 1', { collapseKey: 'state' });
        await mailbox.put([state]);
        await put('state 2', { collapseKey: 'state' });
        await repeat(state);
        expect(texts((await read()).events)).toEqual(['state 2']);
      });

      it('that a newer event in the same batch has replaced', async () => {
        const state = mail('state 1', { collapseKey: 'state' });
        const put = await mailbox.put([state, mail('state 2', { collapseKey: 'state' })]);
        expect(texts(put)).toEqual(['state 2']);
        await repeat(state);
        expect(texts((await read()).events)).toEqual(['state 2']);
      });

      it('that was dropped because the mailbox was full', async () => {
        const oldest = mail('1');
        await mailbox.put([oldest, mail('2'), mail('3')]);
        await mailbox.trim(2);
        await repeat(oldest);
        expect((await mailbox.trim(2)).filter((dropped) => dropped.user === user)).toEqual([]);
        expect(texts((await read()).events)).toEqual(['2', '3']);
      });

      it('that has expired, before and after the sweep', async () => {
        const short = mail('short', { keepForMs: 1_000 });
        await mailbox.put([short]);
        const later = await harness.open(() => Date.now() + 2_000);
        await repeat(short, later);
        await later.sweep();
        await repeat(short, later);
        expect((await later.read({ user, after: 0, limit: 10, workplace: undefined })).events).toEqual([]);
      });

      it('for ten minutes after the event has left, and no longer', async () => {
        const event = mail('once');
        const [kept] = await mailbox.put([event]);
        await mailbox.acknowledge([{ user, seq: kept?.seq ?? 0 }]);
        await (await harness.open(() => Date.now() + 590_000)).sweep();
        await repeat(event);
        await (await harness.open(() => Date.now() + 660_000)).sweep();
        expect(texts(await mailbox.put([event]))).toEqual(['once']);
      });
    });

    it('does not count expired events towards the cap', async () => {
      await mailbox.put([mail('1'), mail('2'), mail('gone', { keepForMs: 0 }), mail('3')]);
      expect((await mailbox.trim(3)).filter((dropped) => dropped.user === user)).toEqual([]);
      expect(texts((await read()).events)).toEqual(['1', '2', '3']);
    });

    it('trims events of several hosts, each of which has seen only its own events', async () => {
      const other = await harness.open();
      for (let n = 0; n < 6; n++) await put(String(n), {}, n % 2 ? mailbox : other);
      for (const each of [mailbox, other, mailbox]) await each.trim(4);
      expect(texts((await read()).events)).toEqual(['2', '3', '4', '5']);
      await put('6', {}, other);
      await other.trim(4);
      expect(texts((await read()).events)).toEqual(['3', '4', '5', '6']);
    });

    it('returns the events that still wait, without acknowledged, replaced and expired ones', async () => {
      for (const text of ['1', '2', '3']) await put(text);
      await put('4', { collapseKey: 'state' });
      await put('5', { collapseKey: 'state' });
      await put('6', { keepForMs: 1_000 });
      await mailbox.acknowledge([{ user, seq: 2 }]);
      const later = await harness.open(() => Date.now() + 2_000);
      expect([...(await later.stillWaiting({ user, seqs: [1, 2, 3, 4, 5, 6] }))].sort()).toEqual([1, 3, 5]);
      expect([...(await mailbox.stillWaiting({ user: `${user}-2`, seqs: [1] }))]).toEqual([]);
    });

    it('remembers every workplace of a user, also when they are seen at the same time', async () => {
      const workplaces = Array.from({ length: 5 }, () => randomUUID());
      for (const workplace of workplaces) mailbox.recordLogin(bearer(), workplace);
      for (const workplace of workplaces) {
        await until('the workplace to be known', async () => (await mailbox.resolve({ workplace })).length === 1);
        expect(await mailbox.resolve({ workplace })).toEqual([user]);
      }
    });

    it('forgets a workplace that was not seen for thirty days', async () => {
      const [left, used, last] = [randomUUID(), randomUUID(), randomUUID()];
      const days = (count: number) => harness.open(() => Date.now() + count * 86_400_000);
      // a host knows its own logins before they are written, and those of other hosts only from then on
      const reader = await days(0);
      const written = (workplace: string) =>
        until('the login to be written', async () => (await reader.resolve({ workplace })).length === 1);
      for (const workplace of [left, used]) mailbox.recordLogin(bearer(), workplace);
      for (const workplace of [left, used]) await written(workplace);
      const later = await days(29);
      for (const workplace of [used, last]) later.recordLogin(bearer(), workplace);
      // logins are written in their order
      await written(last);
      await (await days(31)).sweep();
      expect(await reader.resolve({ workplace: left })).toEqual([]);
      expect(await reader.resolve({ workplace: used })).toEqual([user]);
    });

    it('stores one event for each of its users', async () => {
      const other = `${user}-2`;
      const one = mail('to both');
      const put = await mailbox.put([one, { ...one, user: other }]);
      expect(put.map((each) => each.user)).toEqual([user, other]);
    });

    it('returns the events after a place in pages, with the highestSeq of the mailbox', async () => {
      for (const text of ['1', '2', '3', '4']) await put(text);
      const first = await read(1, 2);
      expect([texts(first.events), first.highestSeq]).toEqual([['2', '3'], 4]);
      expect(texts((await read(3, 2)).events)).toEqual(['4']);
    });

    it('reads up to 64 KiB of bodies at once, or one larger event, and marks only the returned events as sent', async () => {
      const content = (text: string, bytes: number) => ({ id: randomUUID(), headers: { text }, body: Buffer.alloc(bytes, '1') });
      for (const [text, bytes] of [
        ['1', 40_000],
        ['2', 40_000],
        ['3', 100_000],
        ['4', 1],
      ] as const)
        await mailbox.put([mail('', { content: content(text, bytes) })]);
      const pages = [await read(), await read(2), await read(3)];
      expect(pages.map(({ events }) => texts(events))).toEqual([['1', '2'], ['3'], ['4']]);
      expect(pages.map(({ more }) => more)).toEqual([true, true, false]);
      expect((await read(2)).events.map(({ sent }) => sent)).toEqual([true]);
      const again = await Promise.all([
        read(),
        read(2),
        mailbox.read({ user: 'erp/nobody', after: 0, limit: 1, workplace: undefined }),
      ]);
      expect(again.map(({ events }) => texts(events))).toEqual([['1', '2'], ['3'], []]);
    });

    it('distinguishes events that may have been sent before from events that are read for the first time', async () => {
      await put('offline');
      await put('online', { sent: true });
      expect((await read()).events.map(({ sent }) => sent)).toEqual([false, true]);
      expect((await read()).events.map(({ sent }) => sent)).toEqual([true, true]);
    });

    it('does not mark events as sent that are not due', async () => {
      await put('later', { due: Date.now() + 60_000 });
      await read();
      expect((await read()).events.map(({ sent }) => sent)).toEqual([false]);
    });

    it('removes acknowledged events, and keeps the places of the others', async () => {
      for (const text of ['1', '2', '3']) await put(text);
      await mailbox.acknowledge([
        { user, seq: 2 },
        { user, seq: 77 },
      ]);
      const { events, highestSeq } = await read();
      expect([texts(events), highestSeq]).toEqual([['1', '3'], 3]);
      expect((await mailbox.highestSeqs([user, 'erp/nobody'])).get(user)).toBe(3);
    });

    it('keeps the newest event of a collapse key, also within one batch', async () => {
      await put('old', { collapseKey: 'balance' });
      await put('other', { collapseKey: 'stock' });
      await mailbox.put([mail('newer', { collapseKey: 'balance' }), mail('newest', { collapseKey: 'balance' })]);
      expect(texts((await read()).events)).toEqual(['other', 'newest']);
    });

    it('returns events for a workplace only to that workplace', async () => {
      await put('for all');
      await put('for desk 7', { workplace: 'desk-7' });
      expect(texts((await read(0, 100, 'desk-7')).events)).toEqual(['for all', 'for desk 7']);
      expect(texts((await read(0, 100, 'desk-8')).events)).toEqual(['for all']);
      expect(texts((await read()).events)).toEqual(['for all']);
    });

    it('does not return expired events, and removes them in a sweep', async () => {
      await put('short', { keepForMs: 1_000 });
      await put('long');
      const later = await harness.open(() => Date.now() + 2_000);
      expect(texts((await later.read({ user, after: 0, limit: 10, workplace: undefined })).events)).toEqual(['long']);
      expect(await later.sweep()).toBe(1);
      expect(texts((await read()).events)).toEqual(['long']);
    });

    it('drops the oldest events above the cap, and returns them', async () => {
      const first = mail('1');
      await mailbox.put([first, mail('2'), mail('3')]);
      const ofUser = (await mailbox.trim(2)).filter((dropped) => dropped.user === user);
      expect(ofUser).toEqual([{ user, id: first.content.id }]);
      expect(texts((await read()).events)).toEqual(['2', '3']);
      expect(await mailbox.trim(2)).toEqual([]);
    });

    it('counts how often each event was rejected', async () => {
      const seq = (await put('hard'))?.seq ?? 0;
      expect(await mailbox.reject([{ user, seq }])).toEqual([1]);
      expect(
        await mailbox.reject([
          { user, seq: 99 },
          { user, seq },
        ]),
      ).toEqual([0, 2]);
      expect(texts(await mailbox.readAt([{ user, seq }]))).toEqual(['hard']);
    });

    it('finds users by the claims of their last token, whether they are connected or not', async () => {
      const [extension, group, workplace] = [randomUUID(), randomUUID(), randomUUID()];
      mailbox.recordLogin(bearer({ extension, groups: ['all', group] }), workplace);
      const other = await harness.open();
      await until('the user to be known', async () => (await other.resolve({ workplace })).length === 1);
      expect(await other.resolve({ extension })).toEqual([user]);
      expect(await other.resolve({ group })).toEqual([user]);
      expect(await other.resolve({ all: true })).toContain(user);
      expect(await other.resolve({ extension: 'none' })).toEqual([]);
      mailbox.recordLogin(bearer({ groups: [] }), workplace);
      await until('the user to leave the group', async () => (await other.resolve({ group })).length === 0);
    });

    it('finds a user on the same host before the login is written', async () => {
      const [extension, group, workplace] = [randomUUID(), randomUUID(), randomUUID()];
      mailbox.recordLogin(bearer({ extension, groups: [group] }), workplace);
      const found = [{ extension }, { group }, { workplace }, { all: true } as const].map((one) => mailbox.resolve(one));
      for (const users of await Promise.all(found)) expect(users.filter((one) => one === user)).toEqual([user]);
    });

    it('summarizes a user: claims, number of waiting events, time of the oldest', async () => {
      const other = `${user}-2`;
      mailbox.recordLogin(bearer({ extension: '101', groups: ['sales'] }), undefined);
      await until('the user to be known', async () => (await mailbox.summaries([user])).length === 1);
      await put('1');
      await mailbox.put([{ ...mail('2'), user: other }]);
      const [first] = await mailbox.summaries([user]);
      await until('the clock to advance', () => Date.now() > (first?.oldest ?? 0) + 1);
      await put('3');
      await put('gone', { keepForMs: 0 });
      const summaries = await mailbox.summaries([other, user, 'erp/nobody']);
      expect(summaries).toEqual([
        { user, extension: '101', groups: ['sales'], waiting: 2, oldest: first?.oldest },
        { user: other, groups: [], waiting: 1, oldest: expect.any(Number) },
      ]);
      await mailbox.acknowledge([{ user, seq: 1 }]);
      const [later] = await mailbox.summaries([user]);
      expect(later?.oldest).toBeGreaterThan(first?.oldest ?? Number.POSITIVE_INFINITY);
      await mailbox.acknowledge([{ user, seq: 2 }]);
      expect(await mailbox.summaries([user])).toEqual([{ user, extension: '101', groups: ['sales'], waiting: 0 }]);
    });

    it('counts the waiting events of all mailboxes, with the time of the oldest', async () => {
      const before = await mailbox.totals();
      await mailbox.put([mail('1'), mail('2'), { ...mail('3'), user: `${user}-2` }, mail('gone', { keepForMs: 0 })]);
      const full = await mailbox.totals();
      expect([full.events - before.events, full.users - before.users]).toEqual([3, 2]);
      const [summary] = await mailbox.summaries([user]);
      expect(full.oldest).toBeLessThanOrEqual(summary?.oldest ?? 0);
      const later = await harness.open(() => Date.now() + 3_600_000);
      expect(await later.totals()).toEqual({ events: 0, users: 0 });
    });

    it('keeps the first run that waits for an event, until the wait is met or has expired', async () => {
      const waiting = { user, id: randomUUID(), kind: 'reply' as const, token: Buffer.from([1, 0]), until: Date.now() + 60_000 };
      await mailbox.addWaitingRun(waiting);
      await mailbox.addWaitingRun({ ...waiting, token: Buffer.from('a repeat') });
      expect(await mailbox.findWaitingRun(user, waiting.id)).toEqual(waiting);
      expect(await mailbox.findWaitingRun(user, randomUUID())).toBeUndefined();
      expect(await mailbox.findWaitingRun(user, 'no-id')).toBeUndefined();
      const late = { ...waiting, id: randomUUID(), until: Date.now() - 1 };
      await mailbox.addWaitingRun(late);
      expect(await mailbox.findWaitingRun(user, late.id)).toBeUndefined();
      await mailbox.removeWaitingRun(user, waiting.id);
      expect(await mailbox.findWaitingRun(user, waiting.id)).toBeUndefined();
    });

    it('does not list a user that has received events but never connected', async () => {
      await put('to an unknown user');
      expect(await mailbox.resolve({ all: true })).not.toContain(user);
    });
  });
}
