import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pause, systemClock } from './clock.js';

const DAY_MS = 86_400_000;

describe('systemClock', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000 }));
  afterEach(() => void jest.useRealTimers());

  it('reads the wall clock and the monotonic clock of the process', () => {
    const began = systemClock.monotonic();
    jest.advanceTimersByTime(250);
    jest.setSystemTime(500);
    expect(systemClock.now()).toBe(500);
    expect(systemClock.monotonic() - began).toBe(250);
  });

  it('runs a timer once after its time, and not when it was cancelled', () => {
    const ran: string[] = [];
    systemClock.after(100, () => ran.push('kept'));
    systemClock.after(100, () => ran.push('cancelled')).cancel();
    jest.advanceTimersByTime(99);
    expect(ran).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(ran).toEqual(['kept']);
  });

  it('runs a timer of 0 ms in the next turn of the event loop, and not when it was cancelled', () => {
    const ran: string[] = [];
    systemClock.after(0, () => ran.push('kept'));
    systemClock.after(0, () => ran.push('cancelled')).cancel();
    expect(ran).toEqual([]);
    jest.runAllTicks();
    jest.advanceTimersByTime(0);
    expect(ran).toEqual(['kept']);
  });

  it('runs a timer that is longer than the timers of Node at its time', () => {
    const ran: number[] = [];
    systemClock.after(60 * DAY_MS, () => ran.push(systemClock.now()));
    const cancelled = systemClock.after(60 * DAY_MS, () => ran.push(-1));
    jest.advanceTimersByTime(59 * DAY_MS);
    expect(ran).toEqual([]);
    cancelled.cancel();
    jest.advanceTimersByTime(DAY_MS);
    expect(ran).toEqual([1_000 + 60 * DAY_MS]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('repeats an interval until it is cancelled', () => {
    let times = 0;
    const timer = systemClock.every(10, () => times++);
    jest.advanceTimersByTime(35);
    timer.cancel();
    jest.advanceTimersByTime(100);
    expect(times).toBe(3);
  });
});

describe('pause', () => {
  it('ends at its signal and leaves no timer and no listener behind', async () => {
    jest.useFakeTimers();
    const stop = new AbortController();
    const paused = pause(systemClock, DAY_MS, stop.signal);
    expect(jest.getTimerCount()).toBe(1);
    stop.abort();
    await paused;
    await pause(systemClock, DAY_MS, stop.signal);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});
