import { describe, expect, it } from '@jest/globals';
import type { CallEnd } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { Admission, type Ticket } from './admission.js';
import type { Instant } from './instant.js';

/** Noon. The windows of the tests begin here. */
const NOON = Date.parse('2026-03-02T12:00Z');
const at = (ms: number): Instant => ({ monotonic: ms, wall: NOON + ms });
const afternoon = { from: 12 * 60, to: 18 * 60 };
const ok: CallEnd = { result: 'ok', ms: 10 };
const away: CallEnd = { result: 'unavailable', ms: 1 };

function admissionOf(config: Partial<PaceConfig> = {}): Admission {
  return new Admission({
    concurrency: { start: 2, max: 2, adaptive: false },
    latencyTargetMs: 1_000,
    shares: { interactive: 60, normal: 30, bulk: 10 },
    breaker: { failures: 2, withinMs: 30_000, probeMs: 5_000 },
    crashGraceMs: 10_000,
    calendar: [],
    timezone: 'UTC',
    ...config,
  });
}

/** Begins a call, or throws when no call may begin. */
function begin(admission: Admission, ms: number): Ticket {
  const next = admission.next(at(ms));
  if (next.kind !== 'call') throw new Error(`no call may begin: ${next.kind}`);
  return admission.begin(at(ms), next.open);
}

function openBreaker(admission: Admission, ms: number): void {
  for (let n = 0; n < 2; n++) admission.end(at(ms), begin(admission, ms), away);
}

/** Takes every slot for 10 ms, `rounds` times. */
function fillSlots(admission: Admission, ms: number, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    const open: Ticket[] = [];
    while (admission.next(at(ms + 20 * round)).kind === 'call') open.push(begin(admission, ms + 20 * round));
    for (const ticket of open) admission.end(at(ms + 20 * round + 10), ticket, ok);
  }
}

describe('Admission', () => {
  it('admits calls up to the limit, and the next one when one has ended', () => {
    const admission = admissionOf();
    const first = begin(admission, 0);
    begin(admission, 0);
    expect(admission.next(at(0))).toEqual({ kind: 'full' });
    admission.end(at(10), first, ok);
    expect(admission.next(at(10))).toEqual({ kind: 'call', open: ['interactive', 'normal', 'bulk'] });
  });

  it('keeps a slot taken while a call may still run in the remote system', () => {
    const admission = admissionOf();
    admission.end(at(0), begin(admission, 0), { result: 'unknown', ms: 10 });
    admission.linger();
    begin(admission, 100);
    expect(admission.next(at(100))).toEqual({ kind: 'full' });
    admission.lingered();
    expect(admission.next(at(100)).kind).toBe('call');
  });

  it.each([
    ['overload', 2],
    ['unknown', 4],
  ] as const)('cuts an adaptive limit when a call ends as %s', (result, limit) => {
    const admission = admissionOf({ concurrency: { start: 8, max: 8, adaptive: true } });
    admission.end(at(0), begin(admission, 0), { result, ms: 10 });
    expect(admission.limit(at(0))).toBe(limit);
  });

  it.each(['overload', 'unknown'] as const)(
    'begins fewer than 60 calls while all end as %s, and recovers the limit afterwards',
    (result) => {
      const admission = admissionOf({ concurrency: { start: 10, max: 10, adaptive: true } });
      let calls = 0;
      const round = (ms: number, how: CallEnd['result']) => {
        const open: Ticket[] = [];
        while (admission.next(at(ms)).kind === 'call') open.push(begin(admission, ms));
        calls += open.length;
        for (const ticket of open) admission.end(at(ms + 1), ticket, { result: how, ms: 1 });
      };
      for (let ms = 0; ms < 30_000; ms += 2) round(ms, result);
      expect(calls).toBeLessThan(60);
      expect(admission.limit(at(30_000))).toBe(1);
      for (let ms = 32_000; ms < 32_100; ms += 2) round(ms, 'ok');
      expect(admission.limit(at(32_100))).toBe(10);
    },
  );

  it('recovers the limit after the breaker was open', () => {
    const admission = admissionOf({ concurrency: { start: 8, max: 8, adaptive: true } });
    admission.end(at(0), begin(admission, 0), { result: 'overload', ms: 1 });
    openBreaker(admission, 100);
    admission.beginProbe('owner');
    admission.endProbe(at(5_100), true);
    fillSlots(admission, 5_100, 12);
    expect(admission.limit(at(6_000))).toBe(8);
  });

  it.each(['other', 'unavailable'] as const)('keeps the limit when a call ends as %s', (result) => {
    const admission = admissionOf({ concurrency: { start: 8, max: 8, adaptive: true } });
    admission.end(at(0), begin(admission, 0), { result, ms: 10 });
    expect(admission.limit(at(0))).toBe(8);
  });

  it('grows an adaptive limit only for calls that ran while every slot was in use', () => {
    const admission = admissionOf({ concurrency: { start: 2, max: 8, adaptive: true } });
    for (let ms = 0; ms < 1_000; ms += 20) admission.end(at(ms + 10), begin(admission, ms), ok);
    expect(admission.limit(at(1_000))).toBe(2);
    fillSlots(admission, 1_000, 40);
    expect(admission.limit(at(2_000))).toBe(8);
  });

  it('admits two calls at once to levels that are not proven yet', () => {
    const admission = admissionOf({ concurrency: { start: 8, max: 16, adaptive: true } });
    fillSlots(admission, 0, 4);
    expect(admission.limit(at(100))).toBe(12);
    const open = Array.from({ length: 10 }, () => begin(admission, 100));
    expect(admission.next(at(100))).toEqual({ kind: 'full' });
    for (const ticket of open) admission.end(at(110), ticket, ok);
    expect(admission.next(at(110)).kind).toBe('call');
  });

  it('waits for the interval of the rate', () => {
    const admission = admissionOf({ rate: { count: 1, perMs: 1_000 } });
    begin(admission, 0);
    expect(admission.next(at(100))).toEqual({ kind: 'wait', ms: 880 });
  });

  it('admits no call before the end of Retry-After, and reports the reason', () => {
    const admission = admissionOf();
    admission.end(at(0), begin(admission, 0), { result: 'overload', ms: 1, retryAfterMs: 30_000 });
    expect(admission.next(at(10_000))).toEqual({ kind: 'wait', ms: 20_000 });
    expect(admission.closedBecause(at(10_000))).toBe('the remote system requested a pause: 20 s remain');
    expect(admission.next(at(30_000)).kind).toBe('call');
    expect(admission.closedBecause(at(30_000))).toBeUndefined();
  });

  describe('breaker', () => {
    it('admits no call while the remote system is unreachable, and reports the reason', () => {
      const admission = admissionOf();
      openBreaker(admission, 0);
      expect(admission.next(at(4_999))).toEqual({ kind: 'closed' });
      expect(admission.closedBecause(at(1))).toBe(
        'the remote system could not be reached 2 times in a row; the next attempts follow every 5 s',
      );
    });

    it('admits exactly one call as a probe', () => {
      const admission = admissionOf();
      openBreaker(admission, 0);
      admission.beginProbe('call');
      expect(admission.turns(at(5_000), 1_000)).toBe(1);
      begin(admission, 5_000);
      expect(admission.next(at(5_000))).toEqual({ kind: 'closed' });
    });

    it.each([
      ['ok', 'closed'],
      ['overload', 'closed'],
      ['other', 'closed'],
      ['unavailable', 'open'],
      ['unknown', 'open'],
    ] as const)('after a probe that ends as %s the breaker is %s', (result, state) => {
      const admission = admissionOf();
      openBreaker(admission, 0);
      admission.beginProbe('call');
      admission.end(at(5_010), begin(admission, 5_000), { result, ms: 10 });
      expect(admission.breakerState).toBe(state);
    });

    it('keeps waiting for a probe when there was no call to make', () => {
      const admission = admissionOf();
      openBreaker(admission, 0);
      admission.beginProbe('call');
      admission.end(at(5_000), begin(admission, 5_000), 'idle');
      expect(admission.next(at(5_000)).kind).toBe('call');
    });

    it('admits no call while the owner probes', () => {
      const admission = admissionOf();
      openBreaker(admission, 0);
      admission.beginProbe('owner');
      expect(admission.next(at(5_000))).toEqual({ kind: 'closed' });
      admission.endProbe(at(5_100), true);
      expect(admission.next(at(5_100)).kind).toBe('call');
    });

    it('counts the time for which the breaker blocks every call, and returns 0 while it admits a probe', () => {
      const admission = admissionOf();
      openBreaker(admission, 0);
      expect(admission.breakerMs(at(61_000))).toBe(61_000);
      admission.beginProbe('call');
      const probe = begin(admission, 61_000);
      expect(admission.breakerMs(at(61_000))).toBe(0);
      admission.end(at(61_010), probe, away);
      expect(admission.breakerMs(at(61_010))).toBe(61_010);
    });
  });

  describe('calendar', () => {
    it('applies the smaller of its limit and the adaptive one', () => {
      const admission = admissionOf({ calendar: [{ ...afternoon, concurrency: 1 }] });
      expect([admission.limit(at(-1)), admission.limit(at(0))]).toEqual([2, 1]);
    });

    it('closes the connection at the minute, and reports the end', () => {
      const admission = admissionOf({ calendar: [{ ...afternoon, concurrency: 0, reason: 'closing of the month' }] });
      expect(admission.next(at(-1)).kind).toBe('call');
      expect(admission.next(at(0))).toEqual({ kind: 'closed' });
      expect(admission.closedByCalendar(at(0))).toEqual({ until: new Date('2026-03-02T18:00Z') });
      expect(admission.closedBecause(at(0))).toBe('closing of the month, until 2026-03-02T18:00:00.000Z');
    });

    it('applies the lower of its rate and the rate of the connection', () => {
      const slow = { count: 1, perMs: 10_000 };
      const admission = admissionOf({ rate: { count: 1, perMs: 1_000 }, calendar: [{ ...afternoon, rate: slow }] });
      begin(admission, 0);
      expect(admission.next(at(0))).toEqual({ kind: 'wait', ms: 9_980 });
    });

    it('closes a single class', () => {
      const admission = admissionOf({ calendar: [{ ...afternoon, priority: 'bulk', concurrency: 0 }] });
      expect(admission.next(at(0))).toEqual({ kind: 'call', open: ['interactive', 'normal'] });
    });

    it('never offers a class more calls at once than its limit', () => {
      const admission = admissionOf({ calendar: [{ ...afternoon, priority: 'bulk', concurrency: 1 }] });
      const first = begin(admission, 0);
      expect(first.offered).toContain('bulk');
      expect(begin(admission, 0).offered).toEqual(['interactive', 'normal']);
      admission.end(at(1), first, ok);
      expect(admission.next(at(1))).toMatchObject({ open: ['interactive', 'normal', 'bulk'] });
    });

    it('returns when a class with a rate opens again', () => {
      const admission = admissionOf({ calendar: [{ ...afternoon, priority: 'bulk', rate: { count: 1, perMs: 1_000 } }] });
      begin(admission, 0);
      expect(admission.next(at(0))).toEqual({ kind: 'call', open: ['interactive', 'normal'], laterMs: 980 });
    });
  });
});
