import { describe, expect, it } from '@jest/globals';
import { typeMatches } from './bus.js';

describe('a pattern of event types', () => {
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
  ])('%s and %s: %s', (pattern, type, fits) => {
    expect(typeMatches(pattern, type)).toBe(fits);
  });
});
