import { beforeEach, describe, expect, it } from '@jest/globals';
import { UNWATCHED, TimerWheel, type WheelEntry } from './timer-wheel.js';

let time = 0;
let timers: TimerWheel;

beforeEach(() => {
  time = 1_000;
  timers = new TimerWheel(100, () => time);
});

/** Records the times of its checks, and returns the given times for the next ones. */
class RecordingEntry implements WheelEntry {
  slot = UNWATCHED;
  readonly checks: number[] = [];
  constructor(readonly nextChecks: number[] = []) {}

  check(now: number): number {
    this.checks.push(now);
    return this.nextChecks.shift() ?? Infinity;
  }
}

function advanceTo(until: number): void {
  while (time < until) {
    time += 50;
    timers.advance();
  }
}

describe('the timer wheel', () => {
  it('checks an entry at its time, at most a tick late, and never earlier', () => {
    const entry = new RecordingEntry([2_050, 2_060]);
    timers.watch(entry, 1_500);
    advanceTo(1_500);
    expect(entry.checks).toEqual([]);
    advanceTo(10_000);
    expect(entry.checks).toEqual([1_600, 2_100, 2_200]);
  });

  it('checks an entry whose time is further away than a round once per round', () => {
    const entry = new RecordingEntry([100_000, 100_000]);
    timers.watch(entry, 100_000);
    advanceTo(60_000);
    expect(entry.checks).toEqual([26_500, 52_000]);
  });

  it('keeps only the newest time of an entry', () => {
    const entry = new RecordingEntry();
    timers.watch(entry, 5_000);
    timers.watch(entry, 2_000);
    advanceTo(10_000);
    expect(entry.checks).toEqual([2_100]);
  });

  it('forgets an entry, also when another entry removes it in the same tick', () => {
    const second = new RecordingEntry();
    const first = new (class extends RecordingEntry {
      override check(now: number): number {
        timers.forget(second);
        return super.check(now);
      }
    })();
    const gone = new RecordingEntry();
    for (const entry of [first, second, gone]) timers.watch(entry, 1_500);
    timers.forget(gone);
    advanceTo(3_000);
    expect([first.checks.length, second.checks, gone.checks]).toEqual([1, [], []]);
  });

  it('checks each entry once after the process was paused for hours', () => {
    const entries = [1_200, 2_000, 20_000].map((at) => {
      const entry = new RecordingEntry();
      timers.watch(entry, at);
      return entry;
    });
    time = 10_000_000;
    timers.advance();
    expect(entries.map(({ checks }) => checks)).toEqual([[time], [time], [time]]);
  });
});
