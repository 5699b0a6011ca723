import { describe, expect, it } from '@jest/globals';
import { ago, counted, inWords } from './words.js';

describe('durations and counts in words', () => {
  it.each([
    [7.4, '7 ms'],
    [5_400, '5.4 s'],
    [720_000, '12 min'],
    [3 * 3_600_000, '3 h'],
    [5 * 86_400_000, '5 d'],
  ])('formats %d ms as %s', (ms, words) => {
    expect(inWords(ms)).toBe(words);
  });

  it('formats the age of a time', () => {
    const then = new Date('2026-03-14T12:00:00Z');
    expect(ago(then, new Date('2026-03-14T12:00:00.900Z'))).toBe('just now');
    expect(ago(then, new Date('2026-03-14T12:10:00Z'))).toBe('10 min ago');
  });

  it('uses the singular for one', () => {
    expect([counted(0, 'flow'), counted(1, 'flow'), counted(2, 'flow')]).toEqual(['0 flows', '1 flow', '2 flows']);
  });
});
