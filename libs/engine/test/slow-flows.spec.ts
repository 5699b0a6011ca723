import { describe, expect, it, jest } from '@jest/globals';
import type { Flow, Scope, SetStep } from '@sluice/flow';
import { until } from '@sluice/testing';
import { flow, testEngines, type TestEngine } from './engine-harness.js';
import { clockOfLooks, TurnCounter } from './support/turn-counter.js';

const { start } = testEngines();

/** An expression that takes about 50 ms. */
const SLOW = '$sum([1..20000].($ * 2))';
const lines = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n)).join('');

async function parkedOne(machine: TestEngine) {
  await until('the parked row', async () => (await machine.store.parked.list({ state: 'parked', limit: 1 })).length > 0, 60_000);
  const [row] = await machine.store.parked.list({ state: 'parked', limit: 1 });
  return row!;
}

describe('a flow with slow expressions', () => {
  it.each([
    [
      'a switch with 100 cases',
      'choose',
      `  - id: choose\n    switch:\n      cases:\n${lines(100, (n) => `        - when: \${{ ${SLOW} < 0 }}\n          steps: [{ id: s${n}, stop: {} }]\n`)}      otherwise: []\n`,
    ],
    [
      'an emit with slow fields',
      'tell',
      `  - id: tell\n    emit:\n      type: slow.told\n      subject: '\${{ ${SLOW} }}'\n      data:\n${lines(100, (n) => `        f${n}: \${{ ${SLOW} }}\n`)}`,
    ],
  ])(
    'is parked with the name of its step: %s',
    async (_, step, steps) => {
      const machine = await start({ flows: flow('slow', steps) });
      await machine.publish('slow.asked', {});
      const { error, step: at } = await parkedOne(machine);
      expect(at).toBe(step);
      expect(error).toMatchObject({
        code: 'EXPR_LIMIT',
        message: expect.stringContaining(`the expressions of step ${step} take longer than 200 ms`),
      });
    },
    60_000,
  );

  it('lets other work go on between its steps', async () => {
    const counter = new TurnCounter();
    const counted = (one: Flow): Flow => ({
      ...one,
      steps: (one.steps as readonly SetStep[]).map((step) => {
        const render = (scope: Scope) => {
          counter.add();
          return step.value.render(scope);
        };
        return { ...step, value: { constant: false, render } };
      }),
    });
    const flows = flow(
      'slow',
      lines(100, (n) => `  - { id: s${n}, set: ${n} }\n`),
    );
    const machine = await start({ flows, edit: counted, clock: clockOfLooks(10) });
    await machine.publish('slow.asked', {});
    await machine.ended('done');
    counter.stop();
    expect(counter.largest).toBeGreaterThan(0);
    expect(counter.largest).toBeLessThanOrEqual(10);
  });

  it('builds no event that is larger than the limit', async () => {
    const large = '- ${{ ($a := trigger.data.long; $b := $a & $a; $c := $b & $b; $d := $c & $c; $e := $d & $d; $e & $e) }}';
    const steps = `  - id: tell\n    emit:\n      type: slow.told\n      data:\n${lines(45, () => `        ${large}\n`)}`;
    const machine = await start({ flows: flow('slow', steps) });
    const stringify = jest.spyOn(JSON, 'stringify');
    try {
      await machine.publish('slow.asked', { long: 'x'.repeat(50_000) });
      expect(await parkedOne(machine)).toMatchObject({ step: 'tell', error: { code: 'BODY_TOO_LARGE' } });
      const sizes = stringify.mock.results.map(({ value }) => (typeof value === 'string' ? value.length : 0));
      expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    } finally {
      stringify.mockRestore();
    }
  }, 60_000);
});
