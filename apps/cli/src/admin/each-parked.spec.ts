import { describe, expect, it } from '@jest/globals';
import type { AdminClient } from '@sluice/admin-contract';
import { VirtualClock } from '@sluice/memory';
import { eachParked, type EachParkedOptions } from './each-parked.js';
import { NoHostError, TokenRefusedError } from './host-api.js';

const UNTIL = '2026-02-01T00:00:00.000Z';

/** A list of this many runs in pages of three, which changes as runs leave it. */
function listOf(count: number) {
  const runs = Array.from({ length: count }, (_, n) => `run-${n}`);
  const requests: object[] = [];
  const parked = async ({ cursor = '-1', ...request }: { cursor?: string; until?: string; order?: string }) => {
    requests.push(request);
    const items = runs.map((run, n) => ({ run, n })).filter(({ n }) => n > Number(cursor));
    const page = items.slice(0, 3);
    return { items: page, ...(items.length > 3 && { next: String(page.at(-1)!.n) }) };
  };
  return { admin: { parked } as unknown as Pick<AdminClient, 'parked'>, requests };
}

function setUp(count: number, more: Partial<EachParkedOptions> = {}) {
  const { admin, requests } = listOf(count);
  const worked: string[] = [];
  const lines: string[] = [];
  const clock = new VirtualClock();
  const options: EachParkedOptions = {
    admin,
    selection: { flow: 'orders', until: UNTIL },
    perSecond: 1_000_000,
    clock,
    signal: new AbortController().signal,
    shown: () => undefined,
    report: (line) => lines.push(line),
    ...more,
  };
  return { options, worked, lines, requests, clock };
}

describe('eachParked', () => {
  it('works on every run once, page by page and oldest first, bounded by the time of the selection', async () => {
    const { options, worked, requests } = setUp(8);
    const result = eachParked(options, async (run) => void worked.push(run));
    await (options.clock as VirtualClock).runUntilIdle();
    expect(await result).toEqual({ done: 8, failed: 0 });
    expect(worked).toEqual(Array.from({ length: 8 }, (_, n) => `run-${n}`));
    expect(requests).toEqual(Array.from({ length: 3 }, () => ({ flow: 'orders', until: UNTIL, order: 'oldest', limit: 1_000 })));
  });

  it('takes at least the time of its rate', async () => {
    const { options, worked, clock } = setUp(21, { perSecond: 10 });
    const result = eachParked(options, async (run) => void worked.push(run));
    const began = clock.monotonic();
    await clock.runUntilIdle();
    await result;
    expect(worked).toHaveLength(21);
    expect(clock.monotonic() - began).toBe(2_000);
  });

  it('goes on after failures, and reports the first 20 of them and the number of the others', async () => {
    const { options, lines } = setUp(25);
    const result = eachParked(options, async () => Promise.reject(new Error('refused')));
    await (options.clock as VirtualClock).runUntilIdle();
    expect(await result).toEqual({ done: 0, failed: 25 });
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 5 more failures');
  });

  it.each([new TokenRefusedError('the token has expired'), new NoHostError('no host answers')])(
    'stops at "$message", instead of reporting every run that is left',
    async (error) => {
      const { options, worked } = setUp(9);
      const result = eachParked(options, async (run) => {
        worked.push(run);
        if (run === 'run-4') throw error;
      });
      await (options.clock as VirtualClock).runUntilIdle();
      expect(await result).toEqual({ done: 4, failed: 0, stoppedBy: error });
      expect(worked).toHaveLength(5);
    },
  );

  it('ends after the current run when it is interrupted', async () => {
    const stop = new AbortController();
    const { options, worked } = setUp(9, { signal: stop.signal });
    const result = eachParked(options, async (run) => {
      worked.push(run);
      if (worked.length === 2) stop.abort();
    });
    await (options.clock as VirtualClock).runUntilIdle();
    expect(await result).toEqual({ done: 2, failed: 0, stoppedBy: 'interruption' });
    expect(worked).toEqual(['run-0', 'run-1']);
  });
});
