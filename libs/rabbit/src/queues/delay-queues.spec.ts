import { describe, expect, it } from '@jest/globals';
import { rungFor, RUNGS } from './delay-queues.js';

describe('rungFor', () => {
  it.each([
    [-5_000, undefined],
    [499, undefined],
    [500, 'delay.1s'],
    [4_000, 'delay.1s'],
    [4_600, 'delay.5s'],
    [59_000, 'delay.15s'],
    [60_000, 'delay.1m'],
    [14 * 86_400_000, 'delay.1h'],
  ])('returns for %d ms the queue %s', (left, rung) => {
    expect(rungFor(left)?.name).toBe(rung);
  });

  it('leads to an arrival at most half a second before or after the due time', () => {
    for (let left = 500; left < 3 * 3_600_000; left += 7_919) {
      let passed = 0;
      for (let rung = rungFor(left); rung; rung = rungFor(left - passed)) passed += rung.ms;
      expect(Math.abs(left - passed)).toBeLessThanOrEqual(500);
    }
  });

  it('has queues of ascending times', () => {
    expect(RUNGS.map(({ ms }) => ms)).toEqual(RUNGS.map(({ ms }) => ms).toSorted((a, b) => a - b));
  });
});
