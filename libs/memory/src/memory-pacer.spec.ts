import { describe, expect, it } from '@jest/globals';
import type { PaceConfig } from '@sluice/flow';
import type { Clock } from '@sluice/plugin-api';
import { pacerConformance } from '@sluice/testing';
import { MemoryPacer } from './memory-pacer.js';
import { VirtualClock } from './virtual-clock.js';

pacerConformance('memory', { hosts: false, policy: false }, () =>
  Promise.resolve({ open: () => Promise.resolve(new MemoryPacer()), close: () => Promise.resolve() }),
);

describe('MemoryPace', () => {
  it('begins the next call also when the timer of Retry-After fires a millisecond early', async () => {
    const clock = new VirtualClock();
    // a clock whose first long timer fires early, as those of Node may
    let isFirst = true;
    const early: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      every: (ms, run) => clock.every(ms, run),
      after: (ms, run) => {
        const by = ms === 400 && isFirst ? 1 : 0;
        if (by > 0) isFirst = false;
        return clock.after(ms - by, run);
      },
    };
    const starts: number[] = [];
    let waiting = 2;
    const ended = new AbortController();
    const owner = {
      waiting: () => waiting,
      start: async () => {
        waiting--;
        starts.push(clock.monotonic());
        return { result: 'overload' as const, ms: 1, retryAfterMs: 400 };
      },
      onOpened: () => undefined,
      onClosed: () => undefined,
      onLimitChanged: () => undefined,
    };
    const config = { concurrency: { start: 1, max: 1, adaptive: false } } as PaceConfig;
    new MemoryPacer(early).own('peer', config, owner, ended.signal);
    await clock.advance(1_000);
    expect(starts.map((at) => at - (starts[0] ?? 0))).toEqual([0, 400]);
    ended.abort();
  });
});
