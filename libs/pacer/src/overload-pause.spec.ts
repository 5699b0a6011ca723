import { describe, expect, it } from '@jest/globals';
import { OverloadPause } from './overload-pause.js';

describe('OverloadPause', () => {
  it('blocks calls for 100 ms, and twice as long after each further refusal, up to 2 s', () => {
    const pause = new OverloadPause();
    const pauses: number[] = [];
    for (let now = 0; pauses.length < 7; now += pauses.at(-1) ?? 0) {
      pause.refused(now);
      pauses.push(pause.delay(now));
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  });

  it('counts refusals within the pause once', () => {
    const pause = new OverloadPause();
    pause.refused(0);
    pause.refused(99);
    expect([pause.delay(99), pause.delay(100)]).toEqual([1, 0]);
  });

  it('resets the pause after an answer, but not after the answer to a call that is older than the refusal', () => {
    const pause = new OverloadPause();
    pause.refused(0);
    pause.answered(50);
    pause.refused(100);
    expect(pause.delay(100)).toBe(200);
    pause.answered(300);
    pause.refused(300);
    expect(pause.delay(300)).toBe(100);
  });
});
