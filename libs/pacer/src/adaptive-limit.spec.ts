import { describe, expect, it } from '@jest/globals';
import { AdaptiveLimit } from './adaptive-limit.js';

const TARGET_MS = 1_000;
const limitOf = (start: number, max: number, adaptive = true) => new AdaptiveLimit({ start, max, adaptive }, TARGET_MS);

/** Answers quickly with every slot in use, `times` times at this moment. */
function succeed(limit: AdaptiveLimit, now: number, times = 1): void {
  for (let n = 0; n < times; n++) limit.succeeded(now, 10, true);
}

describe('AdaptiveLimit', () => {
  it('begins at start and grows by one per success up to max while nothing was refused', () => {
    const limit = limitOf(2, 5);
    expect(limit.current).toBe(2);
    succeed(limit, 0, 2);
    expect(limit.current).toBe(4);
    succeed(limit, 0, 10);
    expect(limit.current).toBe(5);
  });

  it('does not grow while a slot was free', () => {
    const limit = limitOf(2, 5);
    limit.succeeded(0, 10, false);
    expect(limit.current).toBe(2);
  });

  it('does not grow while the smoothed latency is above its target, and goes on when it has come down', () => {
    const limit = limitOf(2, 5);
    limit.succeeded(0, 5_000, true);
    succeed(limit, 0, 5);
    expect(limit.current).toBe(2);
    succeed(limit, 0, 10);
    expect(limit.current).toBe(5);
  });

  it('is not stopped by one slow call among many', () => {
    const limit = limitOf(1, 20);
    succeed(limit, 0, 5);
    limit.succeeded(0, 3_000, true);
    expect(limit.current).toBe(7);
  });

  it('is halved by a refusal, rounded down, and never under one', () => {
    const limit = limitOf(5, 5);
    limit.refusedAt(0);
    expect(limit.current).toBe(2);
    limit.refusedAt(1_000);
    expect(limit.current).toBe(1);
    limit.refusedAt(2_000);
    expect(limit.current).toBe(1);
  });

  it('is halved once for refusals within a second', () => {
    const limit = limitOf(8, 8);
    limit.refusedAt(0);
    limit.refusedAt(999);
    expect(limit.current).toBe(4);
    limit.refusedAt(1_000);
    expect(limit.current).toBe(2);
  });

  it('grows by one per 30 s without a refusal once something was refused', () => {
    const limit = limitOf(8, 8);
    limit.refusedAt(0);
    succeed(limit, 29_999, 5);
    expect(limit.current).toBe(4);
    succeed(limit, 30_000, 5);
    expect(limit.current).toBe(5);
    succeed(limit, 59_999, 5);
    expect(limit.current).toBe(5);
    succeed(limit, 60_000, 5);
    expect(limit.current).toBe(6);
  });

  it('counts the 30 s from the last refusal, also from one that halved nothing', () => {
    const limit = limitOf(8, 8);
    limit.refusedAt(0);
    limit.refusedAt(900);
    succeed(limit, 30_899);
    expect(limit.current).toBe(4);
    succeed(limit, 30_900);
    expect(limit.current).toBe(5);
  });

  it('does not try a refused level again for 5 minutes', () => {
    const limit = limitOf(4, 4);
    limit.refusedAt(0);
    for (let now = 30_000; now < 300_000; now += 30_000) succeed(limit, now);
    expect(limit.current).toBe(3);
    succeed(limit, 300_000);
    expect(limit.current).toBe(4);
  });

  describe('after an outage', () => {
    /** Refused again and again, until a single call is refused: 10, 5, 2, 1. */
    function refuseAll(limit: AdaptiveLimit, from = 0): void {
      for (let n = 0; n < 5; n++) limit.refusedAt(from + n * 1_000);
    }

    it('grows by one per success up to the limit before it', () => {
      const limit = limitOf(10, 20);
      refuseAll(limit);
      expect(limit.current).toBe(1);
      succeed(limit, 30_000, 9);
      expect(limit.current).toBe(10);
      succeed(limit, 30_000, 5);
      expect(limit.current).toBe(10);
    });

    it('does so as well when the other side was found away before a single call was refused', () => {
      const limit = limitOf(10, 10);
      limit.refusedAt(0);
      limit.away();
      succeed(limit, 30_000, 5);
      expect(limit.current).toBe(10);
    });

    it('does not take the answer to a call that is older than the refusals for the end of it', () => {
      const limit = limitOf(10, 10);
      limit.refusedAt(0);
      succeed(limit, 5);
      refuseAll(limit, 1_000);
      succeed(limit, 30_000, 9);
      expect(limit.current).toBe(10);
    });

    it('remembers a level that was refused before it', () => {
      const limit = limitOf(10, 10);
      limit.refusedAt(0);
      succeed(limit, 1_000);
      refuseAll(limit, 2_000);
      succeed(limit, 40_000, 20);
      expect(limit.current).toBe(5);
      for (let now = 70_000; now < 290_000; now += 30_000) succeed(limit, now);
      expect(limit.current).toBe(9);
    });

    it('is halved as ever by a refusal on the way back', () => {
      const limit = limitOf(10, 10);
      refuseAll(limit);
      succeed(limit, 30_000, 6);
      limit.refusedAt(31_000);
      expect(limit.current).toBe(3);
      succeed(limit, 32_000, 5);
      expect(limit.current).toBe(3);
    });
  });

  it('is always max when it is not adaptive', () => {
    const limit = limitOf(2, 6, false);
    limit.refusedAt(0);
    succeed(limit, 0, 3);
    expect(limit.current).toBe(6);
  });
});
