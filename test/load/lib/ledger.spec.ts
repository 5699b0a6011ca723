import { beforeEach, describe, expect, it } from '@jest/globals';
import { Ledger, type LedgerMessage } from './ledger.mjs';

const ROOM = 'room';

describe('Ledger', () => {
  let ledger: Ledger;
  let shown: number;

  beforeEach(() => {
    shown = 0;
    ledger = new Ledger(() => shown++);
    ledger.open(ROOM, ['anna', 'boris', 'vera']);
  });

  /** Posts a message and returns it as a server sends it. */
  const post = (seq: number, author: string, recipients?: string[]): LedgerMessage => {
    const { text, number } = ledger.post(ROOM, author, 'hello', recipients);
    ledger.confirmed(ROOM, author, number);
    return { discussion: ROOM, seq, author, text };
  };
  const show = (message: LedgerMessage, ...people: string[]) => people.map((person) => ledger.received(person, message));
  const failures = () => Object.fromEntries(Object.entries(ledger.failures).map(([kind, { ids }]) => [kind, ids]));

  it('reports nothing when all messages are shown once and in order', () => {
    for (let seq = 1; seq <= 200; seq++) show(post(seq, seq % 2 === 0 ? 'anna' : 'boris'), 'anna', 'boris', 'vera');
    ledger.verifyConfirmed();
    expect(failures()).toEqual({});
    expect(shown).toBe(400);
  });

  it('keeps few messages that all members have seen', () => {
    for (let seq = 1; seq <= 10_000; seq++) show(post(seq, 'anna'), 'anna', 'boris', 'vera');
    expect(ledger.size).toBeLessThan(100);
  });

  it('reports a confirmed message that nobody has seen', () => {
    show(post(1, 'anna'), 'anna', 'boris', 'vera');
    post(2, 'anna');
    ledger.verifyConfirmed();
    expect(failures()).toEqual({ lost: ['room number 2 of anna'] });
  });

  it('reports a message that is missing for one member when that member reads', () => {
    const [first, second] = [post(1, 'anna'), post(2, 'anna')];
    show(first, 'anna', 'boris');
    show(second, 'anna', 'boris');
    expect(show(second, 'vera')).toEqual([true]);
    ledger.readPage('vera', ROOM, { messages: [second], upTo: 2 });
    expect(failures()).toEqual({ lost: ['room number 1 of anna at 1, for vera'] });
  });

  it('reports a message that was stored twice', () => {
    const message = post(1, 'anna');
    show(message, 'boris');
    show({ ...message, seq: 2 }, 'boris');
    expect(failures()).toMatchObject({ twice: ['room number 1 of anna at 2'] });
  });

  it('reports messages of an author in another order, and a place with two messages', () => {
    const [first, second] = [post(1, 'anna'), post(2, 'anna')];
    show({ ...second, seq: 1 }, 'boris');
    show({ ...first, seq: 2 }, 'boris');
    show(first, 'vera');
    expect(failures()).toMatchObject({
      order: ['room number 2 of anna at 1, after number 0', 'room number 1 of anna at 2, after number 2'],
      changed: ['room number 2 of anna at 1 is also room number 1 of anna'],
    });
  });

  it('reports a message that a person without membership or outside of the recipients sees', () => {
    show(post(1, 'anna'), 'stranger');
    show(post(2, 'anna', ['boris']), 'anna', 'boris', 'vera');
    ledger.received('anna', { discussion: 'another', seq: 1, author: 'boris', text: '#1 x' });
    expect(failures()).toEqual({
      foreign: ['room 1, seen by stranger', 'room number 2 of anna at 2, seen by vera', 'another 1, seen by anna'],
    });
  });

  it('accepts a gap for the members outside of the recipients', () => {
    const [whole, part, rest] = [post(1, 'anna'), post(2, 'anna', ['boris']), post(3, 'boris')];
    show(whole, 'anna', 'boris', 'vera');
    show(part, 'anna', 'boris');
    show(rest, 'anna', 'boris', 'vera');
    ledger.readPage('vera', ROOM, { messages: [rest], upTo: 3 });
    ledger.verifyConfirmed();
    expect(failures()).toEqual({});
    expect(ledger.counts).toMatchObject({ views: 8, live: 8, byReading: 0 });
    expect(ledger.seenBy('vera', ROOM)).toBe(3);
  });

  it('reports a message that was never posted', () => {
    show({ discussion: ROOM, seq: 1, author: 'anna', text: '#1 x' }, 'boris');
    expect(failures()).toEqual({ unsent: ['room number 1 of anna at 1'] });
  });

  it('counts unread messages of others after the mark, also in retired discussions', () => {
    for (let seq = 1; seq <= 5; seq++) show(post(seq, seq === 4 ? 'vera' : 'anna'), 'anna', 'boris', 'vera');
    ledger.markRead('vera', ROOM, 2);
    expect(ledger.unreadOf('vera').total).toEqual({ discussions: 1, messages: 2 });
    ledger.retire(ROOM);
    expect(ledger.discussionsOf('vera')).toEqual([]);
    expect(ledger.unreadOf('vera').total).toEqual({ discussions: 1, messages: 2 });
    expect(ledger.unreadOf('anna').total).toEqual({ discussions: 1, messages: 1 });
    expect(ledger.size).toBe(0);
  });

  it('keeps a retired discussion until all members have seen its messages', () => {
    const message = post(1, 'anna');
    ledger.retire(ROOM);
    show(message, 'anna', 'boris');
    expect(ledger.size).toBeGreaterThan(0);
    ledger.readPage('vera', ROOM, { messages: [message], upTo: 1 });
    expect(ledger.size).toBe(0);
    // the live event of a message that was read before
    show(message, 'vera');
    expect(failures()).toEqual({});
  });
});
