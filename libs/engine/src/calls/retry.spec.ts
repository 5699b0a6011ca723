import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { attemptPauseMs, decideRetry, postponedMs, waitMs } from './retry.js';

const policy = { attempts: 5, backoff: 'exponential', initialMs: 1_000, maxMs: 10_000 } as const;
const middle = () => 0.5;

describe('the pause before the next attempt', () => {
  it('doubles up to its bound', () => {
    expect([1, 2, 3, 4, 5, 50].map((attempt) => attemptPauseMs(policy, attempt, 0, middle))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
  });
  it('stays the same when it is fixed', () => {
    expect([1, 9].map((attempt) => attemptPauseMs({ ...policy, backoff: 'fixed' }, attempt, 0, middle))).toEqual([1_000, 1_000]);
  });
  it('varies by a fifth, so that failed calls are not repeated together', () => {
    expect([attemptPauseMs(policy, 1, 0, () => 0), attemptPauseMs(policy, 1, 0, () => 1)]).toEqual([800, 1_200]);
  });
  it('is the Retry-After of the remote system when that is longer', () => {
    expect(attemptPauseMs(policy, 1, 7_000, middle)).toBe(7_000);
  });
  it('is the postponement that the call requested when that is longer', () => {
    expect(postponedMs(fail.TIMED_OUT('nobody picks up', { sent: 'yes', postponeMs: 7_000 }), { policy, attempt: 1 }, 0)).toBe(
      7_000,
    );
  });
  it('is at least as long as a call with an unknown outcome took, and not longer after an answer', () => {
    const call = { policy: { ...policy, backoff: 'fixed' as const }, attempt: 1 };
    expect(postponedMs(fail.TIMED_OUT('late', { sent: 'unknown' }), call, 60_000)).toBe(60_000);
    expect(postponedMs(fail.TIMED_OUT('late', { sent: 'yes' }), call, 60_000)).toBeLessThanOrEqual(1_200);
    expect(postponedMs(new Error('not foreseen'), call, 60_000)).toBe(60_000);
  });
  it('grows to half a minute while the remote system is overloaded', () => {
    expect([0, 1, 4, 9].map((waits) => waitMs(waits, 0, middle))).toEqual([1_000, 2_000, 16_000, 30_000]);
  });
});

describe('after an error', () => {
  const call = { attempt: 1, attempts: 3, idempotent: 'by-key', spares: true, where: 'p.a' } as const;
  const kind = (error: unknown, more: Partial<Parameters<typeof decideRetry>[1]> = {}) =>
    decideRetry(error, { ...call, ...more }).kind;

  it.each([
    ['refused data is never tried again', fail.REJECTED('x', { sent: 'yes' }), {}, 'failed'],
    ['a wrong configuration is never tried again', fail.UNAUTHORIZED('x'), {}, 'failed'],
    ['a paced call waits for an overloaded remote system', fail.OVERLOADED('x', { sent: 'yes' }), { attempt: 3 }, 'wait'],
    ['a paced call waits for an unavailable remote system', fail.UNREACHABLE('x', { sent: 'no' }), { attempt: 3 }, 'wait'],
    [
      'an unpaced call spends an attempt on an unavailable remote system',
      fail.UNREACHABLE('x', { sent: 'no' }),
      { spares: false },
      'again',
    ],
    ['an answered failure is tried again', fail.TIMED_OUT('x', { sent: 'yes' }), {}, 'again'],
    ['the last attempt was the last', fail.TIMED_OUT('x', { sent: 'yes' }), { attempt: 3 }, 'failed'],
    ['an unknown outcome is repeated when repeating does no harm', fail.TIMED_OUT('x', { sent: 'unknown' }), {}, 'again'],
    [
      'an unavailable remote system that may have received the request spends an attempt',
      fail.UNREACHABLE('x', { sent: 'unknown' }),
      { attempt: 3 },
      'failed',
    ],
    [
      'a call that is not due yet spends no attempt',
      fail.TIMED_OUT('x', { sent: 'no', postponeMs: 5 }),
      { attempt: 3 },
      'postponed',
    ],
    ['an error that is not a SluiceError is tried again', new Error('x'), {}, 'again'],
  ] as const)('%s', (_title, error, more, expected) => {
    expect(kind(error, more)).toBe(expected);
  });

  it('returns OUTCOME_UNKNOWN for a call that must not be repeated', () => {
    const verdict = decideRetry(fail.TIMED_OUT('no answer', { sent: 'unknown' }), { ...call, idempotent: 'no' });
    expect(verdict).toMatchObject({
      kind: 'failed',
      error: { code: 'OUTCOME_UNKNOWN', fate: 'rejected', message: expect.stringContaining('p.a') },
    });
  });
});
