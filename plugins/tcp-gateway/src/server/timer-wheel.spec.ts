import { beforeEach, describe, expect, it } from '@jest/globals';
import { UNWATCHED, TimerWheel, type WheelEntry } from './timer-wheel.js';

let time = 0;
let timers: TimerWheel;

beforeEach(() => {
  time = 1_000;
  timers = new TimerWheel(100, () => time);
});

/** Notes when it was looked at, and wants to be looked at again at the times given. */
class Guest implements WheelEntry {
  slot = UNWATCHED;
  readonly seen: number[] = [];
  constructor(readonly wishes: number[] = []) {}

  check(now: number): number {
    this.seen.push(now);
    return this.wishes.shift() ?? Infinity;
  }
}

function travelTo(until: number): void {
  while (time < until) {
    time += 50;
    timers.advance();
  }
}

describe('the wheel', () => {
  it('looks at its guest at the time, within a tick, and never before', () => {
    const guest = new Guest([2_050, 2_060]);
    timers.watch(guest, 1_500);
    travelTo(1_500);
    expect(guest.seen).toEqual([]);
    travelTo(10_000);
    expect(guest.seen).toEqual([1_600, 2_100, 2_200]);
  });

  it('looks once a round at who waits for longer than it is round', () => {
    const guest = new Guest([100_000, 100_000]);
    timers.watch(guest, 100_000);
    travelTo(60_000);
    expect(guest.seen).toEqual([26_500, 52_000]);
  });

  it('keeps the newest wish only', () => {
    const guest = new Guest();
    timers.watch(guest, 5_000);
    timers.watch(guest, 2_000);
    travelTo(10_000);
    expect(guest.seen).toEqual([2_100]);
  });

  it('forgets a guest, also one that another makes it forget in the same tick', () => {
    const second = new Guest();
    const first = new (class extends Guest {
      override check(now: number): number {
        timers.forget(second);
        return super.check(now);
      }
    })();
    const gone = new Guest();
    for (const guest of [first, second, gone]) timers.watch(guest, 1_500);
    timers.forget(gone);
    travelTo(3_000);
    expect([first.seen.length, second.seen, gone.seen]).toEqual([1, [], []]);
  });

  it('looks once at everybody after it stood still for hours', () => {
    const guests = [1_200, 2_000, 20_000].map((at) => {
      const guest = new Guest();
      timers.watch(guest, at);
      return guest;
    });
    time = 10_000_000;
    timers.advance();
    expect(guests.map(({ seen }) => seen)).toEqual([[time], [time], [time]]);
  });
});
