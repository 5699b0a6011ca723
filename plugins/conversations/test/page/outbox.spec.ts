import { describe, expect, it } from '@jest/globals';
import * as outbox from '../../page/model/outbox.js';
import { ANNA, BORIS, message, ROOM } from './fixtures.js';

const post = (clientId: string, discussion = ROOM) => ({
  discussion,
  message: { clientId, text: clientId },
  at: 0,
  afterSeq: 5,
  attachments: [],
});
const ids = (posts: readonly outbox.PendingPost[]) => posts.map((one) => one.message.clientId);

describe('posts that wait for the server', () => {
  it('sends the posts of a discussion one after another, and those of others beside them', () => {
    const all = ['a', 'b'].reduce((box, id) => outbox.enqueue(box, post(id)), [] as outbox.Outbox);
    const both = outbox.enqueue(all, post('c', 'other'));
    expect(ids(outbox.sendable(both))).toEqual(['a', 'c']);
    expect(ids(outbox.sendable(outbox.markSending(both, 'a')))).toEqual(['c']);
    expect(ids(outbox.sendable(outbox.remove(both, 'a')))).toEqual(['b', 'c']);
  });

  it('keeps the client id in a retry, so that the server recognises the repeat', () => {
    const sending = outbox.markSending(outbox.enqueue([], post('a')), 'a');
    const [again] = outbox.sendable(outbox.markUnanswered(sending, 'a'));
    expect(again).toMatchObject({ message: { clientId: 'a' }, attempts: 1 });
  });

  it('does not hold up later posts behind a rejected one', () => {
    const both = outbox.enqueue(outbox.enqueue([], post('a')), post('b'));
    const failed = outbox.markFailed(both, 'a', 'archived');
    expect(ids(outbox.sendable(failed))).toEqual(['b']);
    expect(outbox.sendable(outbox.retry(failed, 'a'))[0]).not.toHaveProperty('failure');
  });

  it('waits longer after each failure, up to a limit', () => {
    expect([1, 2, 3, 99].map(outbox.retryDelay)).toEqual([500, 1_000, 2_000, 30_000]);
  });

  it('waits until the time that the server has named, also when the connection returns', () => {
    const both = outbox.enqueue(outbox.enqueue([], post('a')), post('c', 'other'));
    const limited = outbox.markLimited(outbox.markSending(both, 'a'), 'a', 9_000);
    expect(outbox.waitOf(outbox.sendable(limited), 4_000, false)).toBe(5_000);
    expect(outbox.waitOf(outbox.sendable(limited), 4_000, true)).toBe(5_000);
    expect(outbox.waitOf(outbox.sendable(limited), 9_000, false)).toBe(0);
    expect(outbox.waitOf(outbox.sendable(outbox.markUnanswered(both, 'a')), 4_000, false)).toBe(500);
    expect(outbox.waitOf(outbox.sendable(outbox.markUnanswered(both, 'a')), 4_000, true)).toBe(0);
    expect(outbox.restore(JSON.stringify(limited))[0]).not.toHaveProperty('notBefore');
  });

  it('restores posts of an earlier visit', () => {
    const stored = JSON.stringify(outbox.markSending(outbox.enqueue([], post('a')), 'a'));
    expect(outbox.restore(stored)[0]?.state).toBe('waiting');
    expect(outbox.restore('{')).toEqual([]);
    expect(outbox.restore('[null, 1, {}]')).toEqual([]);
  });

  it('hides a post whose message has arrived before the answer', () => {
    const box = outbox.enqueue(outbox.enqueue([], post('a')), post('a2'));
    const own = message(6, { author: ANNA, text: 'a' });
    expect(ids(outbox.shownPending(box, ROOM, [own], ANNA))).toEqual(['a2']);
    expect(ids(outbox.shownPending(box, ROOM, [{ ...own, author: BORIS }], ANNA))).toEqual(['a', 'a2']);
    expect(ids(outbox.shownPending(box, ROOM, [{ ...own, seq: 5 }], ANNA))).toEqual(['a', 'a2']);
  });

  it('hides one of two equal posts when one message has arrived', () => {
    const twins = outbox.enqueue(outbox.enqueue([], post('x')), { ...post('y'), message: { clientId: 'y', text: 'x' } });
    expect(ids(outbox.shownPending(twins, ROOM, [message(6, { text: 'x' })], ANNA))).toEqual(['y']);
  });
});
