import { describe, expect, it } from '@jest/globals';
import { RecentAcks } from './recent-acks.js';

function at(times: readonly number[]): { acks: RecentAcks; clock: { now: number } } {
  const clock = { now: 0 };
  const acks = new RecentAcks(() => clock.now);
  for (const time of times) {
    clock.now = time;
    acks.sent();
  }
  return { acks, clock };
}

describe('RecentAcks', () => {
  it('returns 0 after few acknowledgements', () => {
    expect(at(Array.from({ length: 29 }, () => 5)).acks.msUntilApplied()).toBe(0);
  });

  it('returns the time until a second after the last of 30 acknowledgements within a second', () => {
    const { acks, clock } = at(Array.from({ length: 30 }, (_, n) => n * 10));
    clock.now = 300;
    expect(acks.msUntilApplied()).toBe(990);
    clock.now = 1_290;
    expect(acks.msUntilApplied()).toBe(0);
  });

  it('returns 0 when 30 acknowledgements took longer than a second', () => {
    expect(at(Array.from({ length: 30 }, (_, n) => n * 40)).acks.msUntilApplied()).toBe(0);
  });
});
