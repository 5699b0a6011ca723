import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Histogram, Trend } from './statistics.mjs';

describe('Histogram', () => {
  it('returns percentiles at most 1/32 above those of the sorted values', () => {
    const durations = fc.array(fc.double({ min: 0.01, max: 500_000, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const exact = [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
        const found = histogram.percentile(share) ?? 0;
        expect(found).toBeGreaterThanOrEqual(exact * 0.9999);
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 32));
      }),
    );
  });

  it('returns the same for merged parts as for the whole', () => {
    const [whole, left, right] = [new Histogram(), new Histogram(), new Histogram()];
    for (let ms = 1; ms <= 1_000; ms++) {
      whole.add(ms);
      (ms % 3 === 0 ? left : right).add(ms);
    }
    left.merge(right);
    expect([0.5, 0.95, 0.99, 1].map((share) => left.percentile(share))).toEqual(
      [0.5, 0.95, 0.99, 1].map((share) => whole.percentile(share)),
    );
    expect([left.count, left.max]).toEqual([1_000, 1_000]);
  });

  it('returns no percentile without values', () => {
    expect(new Histogram().percentile(0.99)).toBeUndefined();
  });
});

describe('Trend', () => {
  it('finds the slope of a line with noise whose sum is zero', () => {
    const trend = new Trend();
    for (let n = 0; n < 1_000; n++) {
      trend.add(n, 5 + 3 * n + 10);
      trend.add(n, 5 + 3 * n - 10);
    }
    expect(trend.slope).toBeCloseTo(3, 9);
  });

  it('has no slope when all points have the same first coordinate', () => {
    const trend = new Trend();
    trend.add(7, 1);
    trend.add(7, 2);
    expect(trend.slope).toBeUndefined();
  });
});
