import { describe, expect, it } from '@jest/globals';
import { RateBucket } from './rate-bucket.js';

/** Begins calls as soon as the bucket allows, `lateMs` late each time, and returns their moments. */
function drain(bucket: RateBucket, count: number, from = 0, lateMs = 0): number[] {
  let now = from;
  return Array.from({ length: count }, () => {
    const delay = bucket.delay(now);
    now += delay > 0 ? delay + lateMs : 0;
    bucket.take(now);
    return now;
  });
}

function mostWithin(moments: readonly number[], ms: number): number {
  return Math.max(...moments.map((from) => moments.filter((moment) => moment >= from && moment < from + ms).length));
}

describe('RateBucket', () => {
  it('never delays a call without a rate', () => {
    expect(drain(new RateBucket(), 100)).toEqual(Array(100).fill(0));
  });

  it('spaces calls evenly', () => {
    const moments = drain(new RateBucket({ count: 10, perMs: 60_000 }), 4);
    expect(moments).toEqual([0, 5_980, 11_980, 17_980]);
  });

  it('never admits twice the rate at the edge of an interval, also after a pause', () => {
    const bucket = new RateBucket({ count: 10, perMs: 1_000 });
    const moments = [...drain(bucket, 5), ...drain(bucket, 40, 10_000)];
    expect(mostWithin(moments, 1_000)).toBeLessThanOrEqual(11);
  });

  it('reaches the rate although timers are late', () => {
    const moments = drain(new RateBucket({ count: 100, perMs: 1_000 }), 1_001, 0, 3);
    expect(moments.at(-1)).toBeLessThanOrEqual(10_010);
    expect(moments.at(-1)).toBeGreaterThanOrEqual(9_980);
  });

  it('grants no credit for idle time', () => {
    const bucket = new RateBucket({ count: 1, perMs: 1_000 });
    bucket.take(0);
    expect(bucket.delay(60_000)).toBe(0);
    bucket.take(60_000);
    expect(bucket.delay(60_000)).toBe(980);
  });

  it('stays closed until the latest requested moment', () => {
    const bucket = new RateBucket();
    bucket.closeUntil(5_000);
    bucket.closeUntil(2_000);
    expect([bucket.delay(1_000), bucket.closed(4_999), bucket.closed(5_000), bucket.delay(5_000)]).toEqual([
      4_000,
      true,
      false,
      0,
    ]);
  });

  it('applies a new rate at once', () => {
    const bucket = new RateBucket({ count: 1, perMs: 1_000 });
    bucket.setRate({ count: 1, perMs: 100 });
    bucket.take(0);
    expect(bucket.delay(0)).toBe(80);
    bucket.setRate(undefined);
    expect(bucket.delay(0)).toBe(0);
  });

  it('returns how many calls may begin soon', () => {
    const bucket = new RateBucket({ count: 10, perMs: 1_000 });
    expect(bucket.turns(0, 1_000)).toBe(11);
    bucket.take(0);
    expect(bucket.turns(0, 1_000)).toBe(10);
    expect(bucket.turns(0, 50)).toBe(0);
    expect(new RateBucket().turns(0, 1_000)).toBe(Infinity);
  });
});
