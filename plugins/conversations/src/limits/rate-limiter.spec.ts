import { describe, expect, it } from '@jest/globals';
import { RateLimiter } from './rate-limiter.js';

describe('RateLimiter', () => {
  function limiterAt({ maxKeys }: { readonly maxKeys?: number } = {}) {
    const clock = { now: 0, monotonic: () => clock.now };
    return { clock, limiter: new RateLimiter({ count: 3, perMs: 1_000, burst: 5 }, clock, maxKeys) };
  }
  const takeAll = (limiter: RateLimiter, key: string) => {
    let taken = 0;
    while (limiter.take(key) === 0) taken++;
    return taken;
  };

  it('grants the burst at once, and then the rate', () => {
    const { clock, limiter } = limiterAt();
    expect(takeAll(limiter, 'anna')).toBe(5);
    expect(limiter.take('anna')).toBeCloseTo(1_000 / 3);
    clock.now += 1_000;
    expect(takeAll(limiter, 'anna')).toBe(3);
    clock.now += 10_000;
    expect(takeAll(limiter, 'anna')).toBe(5);
  });

  it('counts each key separately', () => {
    const { limiter } = limiterAt();
    takeAll(limiter, 'anna');
    expect(takeAll(limiter, 'boris')).toBe(5);
  });

  it('grants a permit after the time that it has returned', () => {
    const { clock, limiter } = limiterAt();
    takeAll(limiter, 'anna');
    clock.now += limiter.take('anna');
    expect(takeAll(limiter, 'anna')).toBe(1);
  });

  it('grants a permit again that was given back', () => {
    const { limiter } = limiterAt();
    takeAll(limiter, 'anna');
    limiter.giveBack('anna');
    expect(takeAll(limiter, 'anna')).toBe(1);
  });

  it('forgets keys that may take their burst again, and the oldest ones beyond the maximum', () => {
    const { clock, limiter } = limiterAt({ maxKeys: 3 });
    for (const key of ['a', 'b', 'c', 'd']) limiter.take(key);
    expect(limiter.size).toBe(3);
    clock.now += 60_000;
    for (const key of ['e', 'f', 'g']) limiter.take(key);
    expect(limiter.size).toBeLessThanOrEqual(3);
    takeAll(limiter, 'g');
    expect(limiter.take('g')).toBeGreaterThan(0);
  });
});
