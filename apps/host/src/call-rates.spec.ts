import { describe, expect, it } from '@jest/globals';
import type { ErrorView } from '@sluice/plugin-api';
import { CallRates } from './call-rates.js';

function rates() {
  const clock = { ms: 5_000 };
  return { clock, rates: new CallRates(() => clock.ms) };
}

describe('the rate of a connection', () => {
  it('counts the successful calls of the last minute for each connection', () => {
    const { clock, rates: all } = rates();
    const error = { code: 'TIMED_OUT', fate: 'retry', message: 'late' } satisfies ErrorView;
    for (let second = 0; second < 30; second++) {
      all.called({ connection: 'erp' });
      all.called({ connection: 'erp' });
      all.called({ connection: 'erp', error });
      all.called({ connection: 'pbx' });
      all.called({});
      clock.ms += 1_000;
    }
    expect([all.perMinute('erp'), all.perMinute('pbx'), all.perMinute('other')]).toEqual([60, 30, 0]);
  });

  it('forgets calls older than a minute, also after a long pause', () => {
    const { clock, rates: all } = rates();
    all.called({ connection: 'erp' });
    clock.ms += 30_000;
    all.called({ connection: 'erp' });
    clock.ms += 29_999;
    expect(all.perMinute('erp')).toBe(2);
    clock.ms += 1_001;
    expect(all.perMinute('erp')).toBe(1);
    clock.ms += 86_400_000;
    expect(all.perMinute('erp')).toBe(0);
    all.called({ connection: 'erp' });
    expect(all.perMinute('erp')).toBe(1);
  });
});
