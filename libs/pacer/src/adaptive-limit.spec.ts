import { describe, expect, it } from '@jest/globals';
import { AdaptiveLimit, type CallResult, type LimitedCall } from './adaptive-limit.js';

const TARGET_MS = 1_000;
const limitOf = (start: number, max: number, adaptive = true) => new AdaptiveLimit({ start, max, adaptive }, TARGET_MS);

const SECOND = 1_000;

/** A remote system: returns how a call ends that begins at this moment while `level` calls are open. */
type Remote = (level: number, now: number) => CallResult;

const answers = (ms: number): CallResult => ({ result: 'ok', ms });
const refuses: CallResult = { result: 'refused', ms: 1 };
/** Accepts this number of calls at once, 200 ms each, and refuses the next one. */
const bears =
  (calls: number): Remote =>
  (level) =>
    level > calls ? refuses : answers(200);

/** Keeps every slot busy: another call begins as soon as one ends. */
class Load {
  now = 0;
  calls = 0;
  refused = 0;
  private readonly open: { readonly endsAt: number; readonly call: LimitedCall; readonly end: CallResult }[] = [];

  constructor(readonly limit: AdaptiveLimit) {}

  run(ms: number, remote: Remote): this {
    const until = this.now + ms;
    while (this.now < until) {
      this.fill(remote);
      this.endNext();
    }
    return this;
  }

  private fill(remote: Remote): void {
    for (let level = this.open.length + 1; level <= this.limit.current && this.limit.allows(level); level++) {
      const end = remote(level, this.now);
      this.calls += 1;
      if (end.result !== 'ok') this.refused += 1;
      this.open.push({ endsAt: this.now + end.ms, call: this.limit.begin(level), end });
    }
  }

  private endNext(): void {
    this.open.sort((one, other) => one.endsAt - other.endsAt);
    const next = this.open.shift();
    if (!next) throw new Error('no call is open');
    this.now = next.endsAt;
    this.limit.end(this.now, next.call, next.end);
  }
}

describe('AdaptiveLimit', () => {
  it('grows from start to max while no refusal and no latency stops it', () => {
    const load = new Load(limitOf(2, 16));
    expect(load.limit.current).toBe(2);
    load.run(10 * SECOND, () => answers(50));
    expect(load.limit.current).toBe(16);
  });

  it('does not grow while a slot is free', () => {
    const limit = limitOf(2, 5);
    for (let now = 0; now < 60 * SECOND; now += 100) limit.end(now + 50, limit.begin(1), answers(50));
    expect(limit.current).toBe(2);
  });

  it('stays at max when it is not adaptive', () => {
    const load = new Load(limitOf(2, 6, false)).run(5 * SECOND, () => refuses);
    expect(load.limit.current).toBe(6);
  });

  describe('against a remote system that refuses', () => {
    it('finds the capacity of the remote system with three refusals at most', () => {
      const load = new Load(limitOf(2, 16)).run(10 * SECOND, bears(10));
      expect(load.limit.current).toBe(10);
      expect(load.refused).toBeLessThanOrEqual(3);
    });

    it('returns to the last level that worked when a higher one is refused', () => {
      const load = new Load(limitOf(4, 16)).run(5 * SECOND, bears(4));
      expect(load.limit.current).toBe(4);
    });

    it('tries the refused level again after 15 s, then after growing pauses', () => {
      const load = new Load(limitOf(4, 5)).run(5 * SECOND, bears(4));
      const refusedAt: number[] = [];
      load.run(10 * 60 * SECOND, (level, now) => {
        if (level > 4) refusedAt.push(now);
        return bears(4)(level, now);
      });
      const gaps = refusedAt.slice(1).map((at, index) => Math.round((at - (refusedAt[index] ?? 0)) / SECOND));
      expect(gaps).toEqual([30, 60, 120, 240]);
    });

    it('recovers within five seconds from a single refusal', () => {
      const load = new Load(limitOf(2, 10)).run(10 * SECOND, bears(10));
      let once = true;
      load.run(SECOND, () => {
        const end = once ? refuses : answers(200);
        once = false;
        return end;
      });
      expect(load.limit.current).toBeLessThan(10);
      load.run(5 * SECOND, bears(10));
      expect(load.limit.current).toBeGreaterThanOrEqual(9);
    });

    it('follows a capacity that falls and rises again', () => {
      const load = new Load(limitOf(2, 16)).run(40 * SECOND, bears(10));
      load.run(10 * SECOND, bears(3));
      expect(load.limit.current).toBe(3);
      load.run(60 * SECOND, bears(12));
      expect(load.limit.current).toBe(12);
    });

    it('cuts the limit once for calls that were refused together', () => {
      const limit = limitOf(10, 10);
      const calls = Array.from({ length: 10 }, (_, open) => limit.begin(open + 1));
      calls.forEach((call, index) => limit.end(10 + index, call, { result: 'refused', ms: 10 + index }));
      expect(limit.current).toBe(3);
    });

    it('halves the limit once for calls that ended as unknown', () => {
      const limit = limitOf(10, 10);
      const [first, second] = [limit.begin(9), limit.begin(10)];
      limit.end(30 * SECOND, first, { result: 'unknown', ms: 30 * SECOND });
      limit.end(30 * SECOND, second, { result: 'unknown', ms: 30 * SECOND });
      expect(limit.current).toBe(5);
    });

    it('never falls below one', () => {
      const load = new Load(limitOf(5, 5)).run(SECOND, () => refuses);
      expect(load.limit.current).toBe(1);
    });
  });

  describe('reason', () => {
    it('returns undefined at max and while the limit grows', () => {
      const load = new Load(limitOf(2, 4));
      expect(load.limit.reason(0)).toBeUndefined();
      load.run(10 * SECOND, () => answers(50));
      expect(load.limit.reason(load.now)).toBeUndefined();
    });

    it('names the refused level and when it is tried again', () => {
      const load = new Load(limitOf(4, 16)).run(5 * SECOND, bears(4));
      expect(load.limit.reason(load.now)).toMatch(/^5 at once were refused, tried again in 1\d s$/);
    });

    it('names calls that wait for each other', () => {
      const load = new Load(limitOf(2, 16)).run(10 * SECOND, (level) => answers(50 * Math.max(1, level / 4)));
      expect(load.limit.reason(load.now)).toBe('more at once would only wait for each other');
    });

    it('names calls that are slow at any number of calls', () => {
      const load = new Load(limitOf(2, 16)).run(30 * SECOND, () => answers(50)).run(600 * SECOND, () => answers(8 * SECOND));
      expect(load.limit.reason(load.now)).toBe('calls take longer than latencyTarget at any number of calls');
    });
  });

  describe('against a remote system that is slow', () => {
    it('stops growing where more calls at once only wait for each other', () => {
      // the remote system works on four calls at the same time
      const load = new Load(limitOf(2, 16)).run(60 * SECOND, (level) => answers(50 * Math.max(1, level / 4)));
      expect(load.limit.current).toBeGreaterThanOrEqual(4);
      expect(load.limit.current).toBeLessThanOrEqual(7);
    });

    it('shrinks when the remote system becomes slow under the same number of calls', () => {
      const load = new Load(limitOf(2, 16)).run(30 * SECOND, () => answers(50));
      expect(load.limit.current).toBe(16);
      load.run(60 * SECOND, (level) => answers(400 * Math.max(1, level / 2)));
      expect(load.limit.current).toBeLessThanOrEqual(5);
    });

    it('keeps half of the calls while the remote system is slow at any number of calls, and returns to the limit afterwards', () => {
      const load = new Load(limitOf(2, 16)).run(30 * SECOND, () => answers(50));
      load.run(30 * 60 * SECOND, () => answers(8 * SECOND));
      expect(load.limit.current).toBe(8);
      load.run(30 * SECOND, () => answers(50));
      expect(load.limit.current).toBe(16);
    });

    it('keeps start when calls have always been slower than the target', () => {
      const load = new Load(limitOf(2, 4)).run(30 * 60 * SECOND, () => answers(3 * SECOND));
      expect(load.limit.current).toBe(2);
    });

    it('does not mistake another mix of calls for overload', () => {
      const load = new Load(limitOf(2, 16)).run(30 * SECOND, () => answers(30));
      load.run(120 * SECOND, () => answers(800));
      expect(load.limit.current).toBe(16);
    });

    it('ignores one slow call among many', () => {
      const load = new Load(limitOf(2, 16));
      load.run(60 * SECOND, () => answers(load.calls % 20 === 19 ? 5 * SECOND : 50));
      expect(load.limit.current).toBe(16);
    });
  });

  describe('after an outage', () => {
    it('returns to the limit before the outage as soon as calls are answered', () => {
      const load = new Load(limitOf(10, 10)).run(5 * SECOND, bears(10));
      load.run(30 * SECOND, () => refuses);
      expect(load.limit.current).toBe(1);
      load.run(3 * SECOND, bears(10));
      expect(load.limit.current).toBe(10);
    });

    it('returns as quickly when the breaker opened before a single call was refused', () => {
      const limit = limitOf(10, 10);
      limit.end(0, limit.begin(10), refuses);
      limit.away();
      const load = new Load(limit);
      load.now = 30 * SECOND;
      load.run(3 * SECOND, bears(10));
      expect(limit.current).toBe(10);
    });

    it('does not end the outage with the answer to a call that is older than the refusals', () => {
      const limit = limitOf(10, 10);
      const older = limit.begin(9);
      limit.end(1, limit.begin(10), refuses);
      limit.end(5, older, answers(5));
      const load = new Load(limit);
      load.now = SECOND;
      load.run(5 * SECOND, () => refuses);
      load.run(3 * SECOND, bears(10));
      expect(limit.current).toBe(10);
    });

    it('cuts the limit when a call is refused during the recovery', () => {
      const load = new Load(limitOf(10, 10)).run(5 * SECOND, () => refuses);
      load.run(5 * SECOND, bears(6));
      expect(load.limit.current).toBe(6);
    });
  });
});
