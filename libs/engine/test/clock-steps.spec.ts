import { describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { flow, testEngines } from './engine-harness.js';

const { start } = testEngines();
const HOUR_MS = 3_600_000;
const PUSH = '  - { id: save, use: fake.push, connection: peer, with: { text: hello } }\n';

describe('the duration of a call', () => {
  it.each([
    ['forward', HOUR_MS],
    ['back', -HOUR_MS],
  ])('does not change when the machine sets its clock %s during the call', async (_direction, stepMs) => {
    let offset = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + offset };
    const machine = await start({ flows: flow('order', PUSH), clock, answer: () => void (offset = stepMs) });
    await machine.publish('order.asked', {});
    await until('the end of the call', () => machine.pacer.ends.length > 0);
    expect(machine.pacer.ends[0]?.ms).toBeGreaterThanOrEqual(0);
    expect(machine.pacer.ends[0]?.ms).toBeLessThan(HOUR_MS / 2);
    await machine.ended('done');
    for (const ms of machine.hopsMs) {
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThan(HOUR_MS / 2);
    }
  });
});
