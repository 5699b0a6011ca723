import { describe, expect, it } from '@jest/globals';
import { pause } from '@sluice/plugin-api';
import { VirtualClock } from './virtual-clock.js';

const DAY_MS = 86_400_000;

/** A clock, and a log of what its timers did and when. */
function started() {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  const note = (what: string) => () => void ran.push(`${what} at ${clock.monotonic()}`);
  return { clock, ran, note };
}

describe('VirtualClock', () => {
  it('begins on a Monday at 09:00 and stands still until it is moved', async () => {
    const clock = new VirtualClock();
    expect(new Date(clock.now()).toISOString()).toBe('2026-01-05T09:00:00.000Z');
    const from = performance.now();
    while (performance.now() < from + 1) await new Promise((resolve) => setImmediate(resolve));
    expect(clock.monotonic()).toBe(0);
  });

  it('runs timers at their own times, those of one time in order of their creation', async () => {
    const { clock, ran, note } = started();
    clock.after(20, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(31, note('late'));
    await clock.advance(30);
    expect(ran).toEqual(['a at 10', 'b at 10', 'c at 20']);
    expect([clock.now(), clock.monotonic()]).toEqual([30, 30]);
  });

  it('runs all promise callbacks of a timer before the next timer', async () => {
    const { clock, ran, note } = started();
    clock.after(10, () => {
      let chain = Promise.resolve();
      for (let n = 0; n < 50; n++) chain = chain.then(() => undefined);
      void chain.then(note('promises'));
    });
    clock.after(10, note('timer'));
    await clock.advance(10);
    expect(ran).toEqual(['promises at 10', 'timer at 10']);
  });

  it('runs timers that were set during the movement, and a timer of 0 ms after those that are due already', async () => {
    const { clock, ran, note } = started();
    clock.after(10, () => {
      clock.after(0, note('next turn'));
      clock.after(-5, note('past'));
      clock.after(5, note('set meanwhile'));
    });
    clock.after(10, note('due'));
    await clock.advance(20);
    expect(ran).toEqual(['due at 10', 'next turn at 10', 'past at 10', 'set meanwhile at 15']);
  });

  it('runs what is due now when it is advanced by 0', async () => {
    const { clock, ran, note } = started();
    clock.after(0, note('now'));
    clock.after(1, note('later'));
    await clock.advance(0);
    expect(ran).toEqual(['now at 0']);
  });

  it('does not run cancelled timers, and ignores a second cancel', async () => {
    const { clock, ran, note } = started();
    const first = clock.after(10, note('first'));
    const second = clock.after(10, note('second'));
    clock.after(5, () => second.cancel());
    first.cancel();
    first.cancel();
    await clock.advance(100);
    second.cancel();
    expect(ran).toEqual([]);
  });

  it('repeats an interval until its own function or another one cancels it', async () => {
    const { clock, ran, note } = started();
    const timer = clock.every(10, () => {
      note('beat')();
      if (ran.length === 3) timer.cancel();
    });
    await clock.advance(100);
    expect(ran).toEqual(['beat at 10', 'beat at 20', 'beat at 30']);
    expect(() => clock.every(0, note('never'))).toThrow('has to be positive');
  });

  it('runs overdue timers after a jump in their order, and a repeating one once', async () => {
    const { clock, ran, note } = started();
    clock.every(2_000, note('beat')).unref();
    clock.after(DAY_MS, note('a day'));
    clock.after(1_000, note('a second'));
    await clock.jump(30 * DAY_MS);
    expect(ran).toEqual([30 * DAY_MS, 30 * DAY_MS, 30 * DAY_MS].map((at, n) => `${['a second', 'beat', 'a day'][n]} at ${at}`));
    await clock.advance(2_000);
    expect(ran.at(-1)).toBe(`beat at ${30 * DAY_MS + 2_000}`);
  });

  it('runs until only housekeeping waits', async () => {
    const { clock, ran, note } = started();
    clock.every(1_000, () => undefined).unref();
    void pause(clock, 5_000, new AbortController().signal, { ref: false });
    clock.after(15 * 60_000, () => {
      note('retry')();
      clock.after(30 * DAY_MS, note('expiry'));
    });
    await clock.runUntilIdle();
    expect(ran).toEqual(['retry at 900000', `expiry at ${900_000 + 30 * DAY_MS}`]);
    expect(clock.monotonic()).toBe(900_000 + 30 * DAY_MS);
    await clock.runUntilIdle();
    expect(clock.monotonic()).toBe(900_000 + 30 * DAY_MS);
  });

  it('reports work that outlasts the time that it may take', async () => {
    const { clock } = started();
    const again = (): void => void clock.after(60_000, again);
    again();
    await expect(clock.runUntilIdle(DAY_MS)).rejects.toThrow('timers still wait after 86400000 ms');
  });

  it('reports a timer that sets itself again at once', async () => {
    const clock = new VirtualClock(0, 1_000);
    const again = (): void => void clock.after(0, again);
    again();
    await expect(clock.advance(1)).rejects.toThrow('ran 1000 timers in one movement');
  });

  it('rejects with the error of a timer, and can be moved afterwards', async () => {
    const { clock, ran, note } = started();
    clock.after(10, () => {
      throw new Error('broken');
    });
    clock.after(10, note('next'));
    await expect(clock.advance(20)).rejects.toThrow('broken');
    await clock.advance(20);
    expect(ran).toEqual(['next at 10']);
  });

  it('refuses to be moved twice at once', async () => {
    const { clock } = started();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow('is being moved already');
    await first;
    expect(clock.monotonic()).toBe(10);
  });

  it('sets the wall time without the monotonic time', async () => {
    const { clock, ran, note } = started();
    await clock.advance(1_000);
    clock.after(10, note('timer'));
    clock.setWallTime(-5);
    expect([clock.now(), clock.monotonic()]).toEqual([-5, 1_000]);
    await clock.advance(10);
    expect(ran).toEqual(['timer at 1010']);
    expect(clock.now()).toBe(5);
  });

  it('advances until a condition holds, at the time of the timer that makes it true', async () => {
    const clock = new VirtualClock(0);
    let ticks = 0;
    clock.every(1_000, () => ticks++);
    expect(await clock.advanceUntil(() => ticks === 5)).toBe(true);
    expect(clock.monotonic()).toBe(5_000);
    expect(await clock.advanceUntil(() => false, 2_500)).toBe(false);
    expect(clock.monotonic()).toBe(7_500);
  });

  it('stops to wait for a condition after its maximum of timers', async () => {
    const clock = new VirtualClock(0, 10);
    const again = () => void clock.after(0, again);
    again();
    expect(await clock.advanceUntil(() => false)).toBe(false);
    expect(clock.monotonic()).toBe(0);
  });
});
