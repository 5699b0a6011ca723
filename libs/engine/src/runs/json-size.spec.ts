import { describe, expect, it } from '@jest/globals';
import { exceedsJsonBytes } from './json-size.js';

describe('exceedsJsonBytes', () => {
  it.each([
    ['a text', 'abc'],
    ['an empty list', []],
    ['a list', [[1, 'a']]],
    ['an object', { a: { c: 'x', d: undefined } }],
    ['an empty object', {}],
  ])('counts the bytes without commas: %s', (_, data) => {
    const bytes = JSON.stringify(data).replaceAll(',', '').length;
    expect(exceedsJsonBytes(data, bytes)).toBe(false);
    expect(exceedsJsonBytes(data, bytes - 1)).toBe(true);
  });

  it('returns true for a value whose JSON could not be built', () => {
    let value: unknown = 'x'.repeat(1_000);
    for (let level = 0; level < 40; level++) value = [value, value];
    expect(exceedsJsonBytes(value, 4 * 1024 ** 2)).toBe(true);
  });

  it('leaves cycles and deep data to JSON.stringify', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(exceedsJsonBytes(cycle, 1e9)).toBe(false);
    expect(exceedsJsonBytes(new Date(), 1)).toBe(false);
  });
});
