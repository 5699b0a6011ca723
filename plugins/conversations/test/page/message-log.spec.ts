import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addLastSeq,
  addMessage,
  addNewer,
  addOlder,
  EMPTY_LOG,
  hasGap,
  hasNewer,
  openAround,
  MAX_MESSAGES,
  openAtEnd,
  withoutNewest,
  withoutOldest,
  type MessageLog,
} from '../../page/model/message-log.js';
import type { Message, MessagePage } from '../../page/model/shapes.js';
import { message } from './fixtures.js';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));
const page = (messages: Message[], lastSeq: number, hasMore = false): MessagePage => ({ messages, lastSeq, hasMore });
const seqs = (log: MessageLog) => log.messages.map(({ seq }) => seq);

describe('the messages of a discussion', () => {
  it('appends a live message that follows', () => {
    const log = addMessage(openAtEnd(page(range(1, 3), 3)), message(4));
    expect(seqs(log)).toEqual([1, 2, 3, 4]);
    expect(hasGap(log)).toBe(false);
  });

  it('forgets its newest messages when it grows upwards, and reads them again downwards', () => {
    const end = 2 * MAX_MESSAGES;
    const grown = addOlder(openAtEnd(page(range(end - MAX_MESSAGES + 1, end), end, true)), end - MAX_MESSAGES + 1, {
      ...page(range(end - MAX_MESSAGES - 59, end - MAX_MESSAGES), end, true),
    });
    const cut = withoutNewest(grown);
    expect(cut).toMatchObject({ from: end - MAX_MESSAGES - 59, to: end - 60, lastSeq: end, isFollowing: false });
    expect(cut.messages).toHaveLength(MAX_MESSAGES);
    expect(hasNewer(cut)).toBe(true);
    expect(hasGap(cut)).toBe(false);
    expect(addMessage(cut, message(end + 1)).messages).toHaveLength(MAX_MESSAGES);
    const back = withoutOldest(addNewer(cut, end - 60, page(range(end - 59, end), end)));
    expect(back).toMatchObject({ from: end - MAX_MESSAGES + 1, to: end, hasOlder: true, isFollowing: true });
    expect(withoutNewest(back)).toBe(back);
    expect(withoutOldest(back)).toBe(back);
  });

  it('holds messages above a gap until the catch-up closes it', () => {
    const gapped = addMessage(openAtEnd(page(range(1, 3), 3)), message(6));
    expect(seqs(gapped)).toEqual([1, 2, 3]);
    expect(hasGap(gapped)).toBe(true);
    const whole = addNewer(gapped, 3, page(range(4, 6), 6));
    expect(seqs(whole)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(hasGap(whole)).toBe(false);
  });

  it('shows early messages that follow the end of a catch-up page', () => {
    const gapped = addMessage(addMessage(openAtEnd(page(range(1, 2), 2)), message(5)), message(6));
    // the page was read before 5 and 6 were posted
    const whole = addNewer(gapped, 2, page(range(3, 4), 4));
    expect(seqs(whole)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(hasGap(whole)).toBe(false);
  });

  it('does not wait for a message that the reader may not see', () => {
    const gapped = addMessage(openAtEnd(page(range(1, 3), 3)), message(5));
    const whole = addNewer(gapped, 3, page([message(5)], 5));
    expect(seqs(whole)).toEqual([1, 2, 3, 5]);
    expect(hasGap(whole)).toBe(false);
  });

  it('requests the messages that were posted while it was away', () => {
    const log = addLastSeq(openAtEnd(page(range(1, 3), 3)), 9);
    expect(hasGap(log)).toBe(true);
    const half = addNewer(log, 3, page(range(4, 6), 9, true));
    expect(hasGap(half)).toBe(true);
    expect(hasGap(addNewer(half, 6, page(range(7, 9), 9)))).toBe(false);
  });

  it('does not append new messages to a part of the history', () => {
    const log = addMessage(openAround(page(range(10, 20), 100)), message(101));
    expect(seqs(log).at(-1)).toBe(20);
    expect(hasNewer(log)).toBe(true);
    expect(hasGap(log)).toBe(false);
  });

  it('ignores a page that another request has overtaken', () => {
    const log = openAround(page(range(50, 60), 100));
    const older = addOlder(log, 50, page(range(40, 49), 100, true));
    expect(addOlder(older, 50, page(range(40, 49), 100, true))).toBe(older);
  });

  it('reaches the start of a discussion whose first messages are not visible', () => {
    const log = openAtEnd(page(range(5, 6), 6, true));
    const whole = addOlder(log, 5, page([], 6));
    expect(whole.hasOlder).toBe(false);
  });

  it('keeps the higher version and never revives a deleted message', () => {
    const log = openAtEnd(page(range(1, 3), 3));
    const edited = addMessage(log, message(2, { text: 'new', version: 2 }));
    expect(addMessage(edited, message(2, { text: 'old', version: 1 })).messages[1]?.text).toBe('new');
    const deleted = addMessage(edited, message(2, { text: '', version: 3, deletedAt: '2026-11-30T10:00:00Z' }));
    expect(addMessage(deleted, message(2, { text: 'late', version: 9 })).messages[1]?.text).toBe('');
  });

  it('replaces reactions, which do not raise the version', () => {
    const reactions = [{ emoji: '👍', people: ['x'] }];
    expect(addMessage(openAtEnd(page(range(1, 2), 2)), message(2, { reactions })).messages[1]?.reactions).toEqual(reactions);
  });

  it('shows each message once and in order, however events and pages arrive', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (start, events, sizes) => {
          let log = openAtEnd(page(range(1, start), start));
          for (const [index, seq] of events.entries()) {
            log = addMessage(log, message(seq));
            const size = sizes[index % sizes.length] ?? 1;
            if (size % 3 === 0 && hasGap(log)) {
              const to = Math.min(log.lastSeq, log.to + size);
              log = addNewer(log, log.to, page(range(log.to + 1, to), log.lastSeq, to < log.lastSeq));
            }
            expect(seqs(log)).toEqual(range(1, log.to).map((one) => one.seq));
          }
          while (hasGap(log)) log = addNewer(log, log.to, page(range(log.to + 1, log.lastSeq), log.lastSeq));
          expect(seqs(log)).toEqual(range(1, Math.max(start, ...events)).map((one) => one.seq));
          expect(log.early).toEqual([]);
        },
      ),
    );
  });

  it('starts empty', () => {
    expect(openAtEnd(page([], 0))).toEqual({ ...EMPTY_LOG, isFollowing: true });
  });
});
