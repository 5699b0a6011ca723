import { describe, expect, it } from '@jest/globals';
import type { Story } from '@sluice/admin-contract';
import { stripVTControlCharacters } from 'node:util';
import { shown } from './paint.js';
import { storyText, waitText } from './story-lines.js';

const RUN = '0198a1f2-1111-5000-8000-000000000001';
const story: Story['events'] = [
  {
    id: 'order-17',
    source: '/issuers/shop/site',
    type: 'order.paid',
    depth: 0,
    role: 'found',
    runs: [
      {
        run: RUN,
        flow: 'to-erp',
        note: 'Заказ W-4',
        outcome: 'done',
        entries: [
          {
            at: '2026-11-30T23:59:58.000Z',
            kind: 'parked',
            step: 'save/3',
            connection: 'erp',
            attempt: 10,
            code: 'ONEC_BUSINESS',
            message: 'the document is locked by another user, who has left the office, \u001b[31m and locked it\nfor good',
          },
          { at: '2026-12-01T08:00:00.000Z', kind: 'done', epoch: 41, ms: 812 },
        ],
      },
    ],
  },
  {
    id: '0198a1f2-2222-7000-8000-000000000002',
    source: '/flows/to-erp',
    type: 'order.synced',
    depth: 1,
    role: 'effect',
    runs: [
      {
        run: '0198a1f2-3333-5000-8000-000000000003',
        flow: 'to-site',
        waits: { because: 'pace', text: 'pace of site (limit 4, at most 37 before it)' },
        entries: [],
      },
    ],
  },
];

describe('a story', () => {
  it('is a tree of events and runs in lines of 80 characters', () => {
    const lines = stripVTControlCharacters(shown(storyText({ events: story }, 80))).split('\n');
    expect(lines).toEqual([
      'order.paid  order-17  from /issuers/shop/site',
      `  to-erp: done  run ${RUN}`,
      '    Заказ W-4',
      '    2026-11-30',
      '    23:59:58.000  save/3  parked  erp  attempt 10',
      '      ONEC_BUSINESS the document is locked by another user, who has left the',
      '        office, \\u001b[31m and locked it\\nfor good',
      '    2026-12-01',
      '    08:00:00.000  done  in 812 ms  replay 1',
      '  order.synced  0198a1f2-2222-7000-8000-000000000002  from /flows/to-erp',
      '    to-site: not ended  run 0198a1f2-3333-5000-8000-000000000003',
      '      waits for: pace of site (limit 4, at most 37 before it)',
    ]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('shows a try that failed as failed, and tries that failed alike as one line', () => {
    const call = { kind: 'retried', step: 'save', connection: 'erp' } as const;
    const unreachable = { ...call, code: 'ONEC_UNREACHABLE', message: 'the server does not answer' };
    const entries = [
      { ...unreachable, at: '2026-11-30T23:59:50.000Z', attempt: 1, ms: 12 },
      { ...unreachable, at: '2026-11-30T23:59:55.000Z', attempt: 1, ms: 9 },
      { ...unreachable, at: '2026-12-01T00:00:05.000Z', attempt: 1 },
      { ...call, at: '2026-12-01T00:00:15.000Z', code: 'ONEC_BUSINESS', message: 'locked', ms: 30 },
      { at: '2026-12-01T00:00:15.001Z', kind: 'parked', step: 'save', code: 'ONEC_BUSINESS', message: 'locked' },
    ] as const;
    const [event] = story;
    const [run] = event?.runs ?? [];
    if (!event || !run) throw new Error('the sample has no run');
    const text = storyText({ events: [{ ...event, runs: [{ ...run, entries: [...entries] }] }] }, 100);
    expect(stripVTControlCharacters(shown(text)).split('\n').slice(3)).toEqual([
      '    2026-11-30',
      '    23:59:50.000  save  failed  erp  in 12 ms  and 2 more until 2026-12-01 00:00:05',
      '      ONEC_UNREACHABLE the server does not answer',
      '    2026-12-01',
      '    00:00:15.000  save  failed  erp  in 30 ms',
      '      ONEC_BUSINESS locked',
      '    00:00:15.001  save  parked',
      '      ONEC_BUSINESS locked',
    ]);
  });

  it('contains the time at which a wait ends', () => {
    const wait = { because: 'breaker', text: 'breaker of erp, next probe', until: '2026-11-30T12:03:45.678Z' } as const;
    expect(waitText(wait)).toBe('breaker of erp, next probe 12:03:45 UTC');
  });
});
