import { describe, expect, it } from '@jest/globals';
import { rowsOf } from '../../page/model/rows.js';
import { ANNA, BORIS, message } from './fixtures.js';

const dayOf = (at: string) => at.slice(0, 10);
const minutes = (count: number) => new Date(Date.UTC(2026, 10, 30, 9) + count * 60_000).toISOString();

describe('the rows of the message list', () => {
  it('groups messages of one author within five minutes', () => {
    const messages = [
      message(1, { at: minutes(0) }),
      message(2, { at: minutes(4) }),
      message(3, { at: minutes(10) }),
      message(4, { author: BORIS, at: minutes(11) }),
    ];
    const rows = rowsOf(messages, { me: ANNA, unreadAfter: undefined, dayOf });
    expect(rows.map(({ startsGroup }) => startsGroup)).toEqual([true, false, true, true]);
    expect(rows.map(({ endsGroup }) => endsGroup)).toEqual([false, true, true, true]);
  });

  it('separates days', () => {
    const messages = [message(1), message(2, { at: '2026-12-01T00:01:00Z' })];
    expect(rowsOf(messages, { me: ANNA, unreadAfter: undefined, dayOf }).map(({ startsDay }) => startsDay)).toEqual([true, true]);
  });

  it('draws the line of new messages above the first one of others', () => {
    const messages = [message(1), message(2, { author: ANNA }), message(3, { author: BORIS }), message(4, { author: BORIS })];
    const rows = rowsOf(messages, { me: ANNA, unreadAfter: 1, dayOf });
    expect(rows.map(({ isFirstUnread }) => isFirstUnread)).toEqual([false, false, true, false]);
  });
});
