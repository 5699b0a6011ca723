import { describe, expect, it } from '@jest/globals';
import { v5 } from 'uuid';
import { derivedId, isEventType, newEventId, runId, typeMatches } from './event.js';

describe('ids', () => {
  it('returns the same run id for the same source, event and flow, and another one for any other', () => {
    const ids = [runId('/s', '1', 'f'), runId('/t', '1', 'f'), runId('/s', '2', 'f'), runId('/s', '1', 'g')];
    expect(runId('/s', '1', 'f')).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
  });

  it('returns different ids when text moves from one part to another', () => {
    expect(runId('/s', 'a","b', 'c')).not.toBe(runId('/s","a', 'b', 'c'));
    const run = runId('/s', '1', 'f');
    expect(derivedId(run, 'a', 'b')).not.toBe(derivedId(run, 'ab'));
  });

  it('returns UUIDs of version 5', () => {
    const run = runId('/issuers/site/ivan', 'счёт-1', 'orders');
    expect(run).toBe(v5('["/issuers/site/ivan","счёт-1","orders"]', '6f2a7c1e-51d0-5c0b-9a57-3f4b5d1ce0a1'));
    expect(derivedId(run, 'save', 'emit', 1)).toBe(v5('["save","emit",1]', run));
  });

  it('returns ids of new events that sort by time', () => {
    const [first, second] = [newEventId(), newEventId()];
    expect(first < second).toBe(true);
  });
});

describe('isEventType', () => {
  it.each(['order.created', 'a', 'A_1-b.c'])('accepts %s', (type) => expect(isEventType(type)).toBe(true));
  it.each(['', '.', 'a..b', 'a.', 'заказ', 'a b', `a.${'b'.repeat(200)}`])('refuses "%s"', (type) =>
    expect(isEventType(type)).toBe(false),
  );
});

describe('typeMatches', () => {
  it('compares a pattern with many "#" in proportion to its length', () => {
    const type = Array.from({ length: 90 }, () => 'a').join('.');
    expect(typeMatches('#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.z', type)).toBe(false);
    expect(typeMatches('#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.a.#.a', type)).toBe(true);
  });

  it.each([
    ['order.created', 'order.created', true],
    ['order.*', 'order.created', true],
    ['order.*', 'order', false],
    ['order.*', 'order.created.now', false],
    ['order.#', 'order', true],
    ['order.#', 'order.created.now', true],
    ['#', 'anything.at.all', true],
    ['*.created', 'order.created', true],
    ['#.failed', 'order.push.failed', true],
    ['order.#.failed', 'order.failed', true],
    ['order.created', 'order.create', false],
  ])('compares the pattern %s with %s: %s', (pattern, type, fits) => {
    expect(typeMatches(pattern, type)).toBe(fits);
  });
});
