import { describe, expect, it } from '@jest/globals';
import { startOnec } from '@sluice/emulator';
import { Agent } from 'node:http';
import { callAllAtOnce, callInPlainLoops, postJson } from './calls.js';
import { isGood, lostOf, resultLine, resultOf } from './result.js';

const known = { sent: 1000, maxCalls: 10, ms: 5_400, plainMs: 5_200 };

describe('result of the demo', () => {
  it('is one line for programs', () => {
    const result = resultOf({ distinct: 1000, refused: 0, peak: 10 }, known);
    expect(resultLine(result)).toBe(
      'demo: sent 1000, delivered 1000, lost 0, refused 0, peak 10 of 10 calls, 5.4 s (plain loops 5.2 s)',
    );
    expect(isGood(result)).toBe(true);
  });

  it('is bad when an event is lost, rejected or delivered without being sent', () => {
    const lost = resultOf({ distinct: 998, refused: 0, peak: 10 }, known);
    expect(lostOf(lost)).toBe(2);
    expect(isGood(lost)).toBe(false);
    expect(isGood(resultOf({ distinct: 1000, refused: 1, peak: 10 }, known))).toBe(false);
    expect(isGood(resultOf({ distinct: 1001, refused: 0, peak: 10 }, known))).toBe(false);
  });

  it('counts calls with the same request id once', async () => {
    const onec = await startOnec({ port: 0, latencyMs: 0 });
    const agent = new Agent();
    const call = (id: string) =>
      postJson(`${onec.url}/demo/hs/gate/v1`, { method: 'SaveOrder' }, { agent, headers: { 'x-request-id': id } });
    await call('a');
    await call('a');
    await call('b');
    const { delivered } = resultOf(onec.stats(), known);
    agent.destroy();
    await onec.close();
    expect(delivered).toBe(2);
  });
});

describe('calls without Sluice', () => {
  it('are rejected beyond the limit, but not in loops within the limit', async () => {
    const onec = await startOnec({ port: 0, maxCalls: 10, latencyMs: 20 });
    const gate = `${onec.url}/demo/hs/gate/v1`;
    await callAllAtOnce(gate, 100);
    const atOnce = onec.stats();
    onec.reset();
    await callInPlainLoops(gate, 100, 10);
    const inLoops = onec.stats();
    await onec.close();
    expect(atOnce.refused).toBeGreaterThan(0);
    expect(atOnce.refused + atOnce.done).toBe(100);
    expect(inLoops).toMatchObject({ done: 100, refused: 0, peak: 10 });
  });
});
