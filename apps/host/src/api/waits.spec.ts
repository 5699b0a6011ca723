import { describe, expect, it } from '@jest/globals';
import type { JournalEntry, PaceState, WaitingFor } from '@sluice/engine';
import { waitOf, type WaitSources } from './waits.js';

const NOW = Date.UTC(2026, 10, 30, 12, 0, 0);
const LATER = NOW + 225_000;
const LATER_TEXT = '2026-11-30T12:03:45.000Z';

const entry = (second: number, kind: JournalEntry['kind'], more: Partial<JournalEntry> = {}): JournalEntry => ({
  at: new Date(NOW - 60_000 + second * 1_000),
  flow: 'orders',
  run: 'r',
  eventId: 'e',
  eventSource: '/s',
  eventType: 'order.paid',
  kind,
  step: 'save',
  connection: 'erp',
  ...more,
});
const left = (waits: WaitingFor, more: Partial<JournalEntry> = {}) => entry(1, 'waiting', { attempt: 1, waits, ...more });
const PUSHED = left({ kind: 'pace', priority: 'normal' });

const OPEN: PaceState = { owner: true, limit: 4, max: 10, inFlight: 4, lingering: 0, breaker: 'closed' };
const sources = (pace: Partial<PaceState> = {}, more: Partial<WaitSources> = {}): WaitSources => ({
  status: {
    paces: { erp: { ...OPEN, ...pace } },
    queues: [
      { queue: 'push.erp.normal', waiting: 30, held: 8 },
      { queue: 'push.erp.bulk', waiting: 500 },
      { queue: 'flow.orders.next', waiting: 3 },
    ],
  },
  leases: [],
  paced: new Set(['erp']),
  now: NOW,
  ...more,
});

describe('the reason of a waiting run', () => {
  it.each<[string, readonly JournalEntry[], WaitSources, object | undefined]>([
    ['the pace', [PUSHED], sources(), { because: 'pace', text: 'pace of erp (limit 4, at most 37 before it)' }],
    [
      'the breaker',
      [PUSHED, entry(2, 'retried', { attempt: 1 })],
      sources({ breaker: 'open', closedBecause: 'away', probeAt: LATER }),
      { because: 'breaker', text: 'breaker of erp, next probe', until: LATER_TEXT },
    ],
    [
      'the calendar',
      [PUSHED],
      sources({ closedBecause: 'backup', opensAt: LATER }),
      { because: 'calendar', text: 'calendar of erp until', until: LATER_TEXT },
    ],
    [
      'a pause that the remote system requested',
      [PUSHED],
      sources({ closedBecause: 'the remote system requested a pause' }),
      { because: 'pause', text: 'pace of erp: the remote system requested a pause' },
    ],
    [
      'a retry, while its time has not come',
      [
        PUSHED,
        entry(2, 'retried'),
        entry(2, 'waiting', { attempt: 3, waits: { kind: 'retry', priority: 'normal', attempts: 10, until: LATER } }),
      ],
      sources(),
      { because: 'retry', text: 'retry 3 of 10 at', until: LATER_TEXT },
    ],
    [
      'the pace again, once the time of a retry has come',
      [PUSHED, entry(2, 'waiting', { attempt: 3, waits: { kind: 'retry', priority: 'normal', attempts: 10, until: NOW - 1 } })],
      sources(),
      { because: 'pace', text: 'pace of erp (limit 4, at most 37 before it)' },
    ],
    [
      'the result of an action that lasts',
      [left({ kind: 'result', until: LATER })],
      sources(),
      { because: 'result', text: 'the result of step save, at most until', until: LATER_TEXT },
    ],
    [
      'another flow',
      [left({ kind: 'call', flow: 'stock', run: 'other' })],
      sources(),
      { because: 'call', text: 'call of flow stock, run other' },
    ],
    [
      'an item of a loop',
      [left({ kind: 'pace', priority: 'normal', item: 6, items: 20 }, { step: 'save/6' })],
      sources(),
      { because: 'pace', text: 'forEach item 7 of 20: pace of erp (limit 4, at most 37 before it)' },
    ],
    [
      'its next step, after its call has ended',
      [PUSHED, entry(2, 'called')],
      sources(),
      { because: 'queue', text: 'queue flow.orders.next, in which 3 runs wait for their next step' },
    ],
    ['nothing, once it has ended', [PUSHED, entry(2, 'called'), entry(3, 'done')], sources(), undefined],
    ['nothing, when the clock of the host that ended it is behind', [entry(0, 'done'), PUSHED], sources(), undefined],
    [
      'the pace, after a replay',
      [PUSHED, entry(2, 'parked'), entry(3, 'replayed'), entry(4, 'waiting', { ...PUSHED, at: new Date(NOW), epoch: 1 })],
      sources(),
      { because: 'pace', text: 'pace of erp (limit 4, at most 37 before it)' },
    ],
  ])('is %s', (_name, entries, from, wait) => {
    expect(waitOf(entries, from)).toEqual(wait);
  });

  it('is taken from the lease when another host owns the pace', () => {
    const lease = {
      name: 'pace.erp',
      holder: 'other',
      epoch: 1,
      until: new Date(LATER),
      live: true,
      info: { ...OPEN, limit: 7 },
    };
    const from = sources({ owner: false }, { leases: [lease] });
    expect(waitOf([PUSHED], from)?.text).toBe('pace of erp (limit 7, at most 37 before it)');
    expect(waitOf([PUSHED], { ...from, leases: [{ ...lease, live: false }] })?.text).toBe('pace of erp: no host owns it now');
  });
});
