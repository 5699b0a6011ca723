import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { ShownRun } from '@sluice/admin-contract';
import { shownRun } from './parked-run.js';
import { shown } from './paint.js';

const RUN = '0198b723-0000-7000-8000-000000000001';
const parked: ShownRun = {
  run: RUN,
  epoch: 41,
  flow: 'orders',
  revision: 'r',
  step: 'save',
  state: 'parked',
  parkedAt: '2026-11-30T10:00:00.000Z',
  event: { id: 'W-4', source: '/issuers/shop/web', type: 'order.created', time: '2026-11-30T09:59:00.000Z', subject: '00-1' },
  error: { code: 'ONEC_BUSINESS', fate: 'rejected', message: 'Контрагент заблокирован', cure: 'correct the data', attempt: 2 },
  data: { number: '00-1' },
  steps: { find: { ref: 7 } },
};
const linesOf = (run: ShownRun) => stripVTControlCharacters(shown(shownRun(run, new Date('2026-11-30T10:05:00Z'))));

describe('shownRun', () => {
  it('shows the error, the event and the command for a replay', () => {
    const text = linesOf(parked);
    expect(text).toMatch(/^run +0198b723/m);
    expect(text).toMatch(/^flow +orders, step save, attempt 2$/m);
    expect(text).toMatch(/^subject +00-1$/m);
    expect(text).toMatch(/^state +parked, since 5 min ago, after a replay$/m);
    expect(text).toMatch(/^error +ONEC_BUSINESS Контрагент заблокирован$/m);
    expect(text).toMatch(new RegExp(`^replay +sluice parked replay ${RUN}`, 'm'));
    expect(text).toContain('data\n{\n  "number": "00-1"\n}');
    expect(text).toContain('steps.find\n{\n  "ref": 7\n}');
  });

  it('shows no command for a run that was already replayed', () => {
    expect(linesOf({ ...parked, state: 'replayed' })).not.toContain('sluice parked replay');
  });
});
