import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';

const bounds = { firstMs: 100, maxMs: 3_000 };
const middle = () => 0.5;

describe('backoffMs', () => {
  it('doubles with each failure up to the maximum', () => {
    expect([0, 1, 2, 4, 5, 6].map((failures) => backoffMs(bounds, failures, middle))).toEqual([
      100, 200, 400, 1_600, 3_000, 3_000,
    ]);
  });

  it('stays at the maximum after any number of failures', () => {
    expect([1_023, 1_024, 1e9, Infinity].map((failures) => backoffMs(bounds, failures, middle))).toEqual(Array(4).fill(3_000));
  });

  it('returns the same pause each time when both bounds are equal', () => {
    expect([0, 9].map((failures) => backoffMs({ firstMs: 700, maxMs: 700 }, failures, middle))).toEqual([700, 700]);
  });

  it('varies by a fifth in both directions, also at the maximum', () => {
    expect([0, 9].map((failures) => backoffMs(bounds, failures, () => 0))).toEqual([80, 2_400]);
    expect([0, 9].map((failures) => backoffMs(bounds, failures, () => 1))).toEqual([120, 3_600]);
  });

  it('spreads clients that failed at the same time', () => {
    expect(new Set(Array.from({ length: 50 }, () => backoffMs(bounds, 9))).size).toBeGreaterThan(10);
  });
});
