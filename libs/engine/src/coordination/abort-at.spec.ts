import { describe, expect, it } from '@jest/globals';
import { VirtualClock } from '@sluice/memory';
import { abortAt } from './abort-at.js';

describe('abortAt', () => {
  it('fires before it returns when the deadline has passed', () => {
    const clock = new VirtualClock();
    expect(abortAt(clock, clock.now()).signal.aborted).toBe(true);
  });

  it('fires at the deadline, and not after it was cancelled', async () => {
    const clock = new VirtualClock();
    const [one, cancelled] = [abortAt(clock, clock.now() + 10), abortAt(clock, clock.now() + 10)];
    cancelled.cancel();
    await clock.advance(9);
    expect(one.signal.aborted).toBe(false);
    await clock.advance(1);
    expect([one.signal.aborted, cancelled.signal.aborted]).toEqual([true, false]);
  });
});
