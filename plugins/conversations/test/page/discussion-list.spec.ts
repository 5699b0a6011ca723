import { describe, expect, it } from '@jest/globals';
import * as lists from '../../page/model/discussion-list.js';
import { ANNA, BORIS, discussion, message, ROOM } from './fixtures.js';

const listOf = (...all: ReturnType<typeof discussion>[]) => lists.withDiscussions(new Map(), all);
const marks = (person: string, readSeq: number) => ({ discussion: ROOM, person, readSeq, deliveredSeq: readSeq });

describe('the list of discussions', () => {
  it('moves a discussion with a new message to the top and counts it', () => {
    const other = discussion({ id: 'other', activeAt: '2026-11-30T09:30:00Z' });
    const list = lists.withMessage(listOf(discussion(), other), message(40, { author: BORIS }), ANNA);
    expect(lists.shown(list, 'all').map(({ id }) => id)).toEqual([ROOM, 'other']);
    expect(list.get(ROOM)).toMatchObject({ unread: 1, lastSeq: 40, lastMessage: { seq: 40 } });
  });

  it('counts a repeated event once, and own messages never', () => {
    const hello = message(1, { author: BORIS });
    const list = lists.withMessage(lists.withMessage(listOf(discussion()), hello, ANNA), hello, ANNA);
    expect(list.get(ROOM)?.unread).toBe(1);
    expect(lists.withMessage(list, message(2, { author: ANNA }), ANNA).get(ROOM)).toMatchObject({ unread: 1, readSeq: 0 });
  });

  it('shows the message whose discussion event has arrived first, and counts it once', () => {
    const announced = lists.withChangedDiscussion(listOf(discussion()), discussion({ lastSeq: 1, unread: 1 }));
    const list = lists.withMessage(announced, message(1, { author: BORIS }), ANNA);
    expect(list.get(ROOM)).toMatchObject({ unread: 1, lastSeq: 1, lastMessage: { seq: 1 } });
  });

  it('notes a mention until it is read', () => {
    const call = message(1, { author: BORIS, spans: [{ kind: 'mention', from: 0, to: 3, person: ANNA }] });
    const list = lists.withMessage(listOf(discussion()), call, ANNA);
    expect(list.get(ROOM)?.mentioned).toBe(true);
    expect(lists.withMarks(list, marks(ANNA, 1), ANNA).get(ROOM)).toMatchObject({ mentioned: false, unread: 0, readSeq: 1 });
  });

  it('does not move marks back', () => {
    const list = lists.withMarks(listOf(discussion({ lastSeq: 9, readSeq: 7, unread: 2 })), marks(ANNA, 3), ANNA);
    expect(list.get(ROOM)).toMatchObject({ readSeq: 7, unread: 2 });
    const late = lists.withChangedDiscussion(list, discussion({ lastSeq: 9, readSeq: 3, unread: 6, title: 'New' }));
    expect(late.get(ROOM)).toMatchObject({ readSeq: 7, unread: 2, title: 'New' });
  });

  it('keeps the last message when a live event brings none', () => {
    const list = lists.withMessage(listOf(discussion()), message(1, { author: BORIS }), ANNA);
    expect(lists.withChangedDiscussion(list, discussion({ title: 'New' })).get(ROOM)?.lastMessage?.seq).toBe(1);
  });

  it('shows who has read a message', () => {
    const list = lists.withMarks(listOf(discussion({ lastSeq: 3 })), marks(BORIS, 2), ANNA);
    const room = list.get(ROOM);
    expect(room && lists.readersOf(room, message(2))).toEqual([BORIS]);
    expect(room && lists.readersOf(room, message(3))).toEqual([]);
  });

  it('filters, and hides archived discussions and channels', () => {
    const list = listOf(
      discussion({ id: 'direct', kind: 'direct', unread: 3 }),
      discussion({ id: 'order', kind: 'contextual' }),
      discussion({ id: 'old', archivedAt: '2026-11-30T09:00:00Z' }),
      discussion({ id: 'hidden', kind: 'channel' }),
    );
    const ids = (filter: lists.Filter) => lists.shown(list, filter).map(({ id }) => id);
    expect(lists.FILTERS.map(ids)).toEqual([['direct', 'order'], ['direct'], ['direct'], ['order']]);
    expect(lists.shown(list, 'all', true).map(({ id }) => id)).toEqual(['old']);
  });

  it('does not count muted discussions', () => {
    const now = Date.UTC(2026, 10, 30);
    const list = listOf(
      discussion({ id: 'a', unread: 1, mutedUntil: '2026-12-01T00:00:00Z' }),
      discussion({ id: 'b', unread: 1, mutedUntil: '2026-11-29T00:00:00Z' }),
    );
    expect(lists.unreadDiscussions(list, now)).toBe(1);
  });
});
