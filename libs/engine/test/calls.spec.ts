import { describe, expect, it } from '@jest/globals';
import { action, definePlugin, fail, type AnyPlugin, type Idempotence } from '@sluice/plugin-api';
import { encodeRun } from '@sluice/engine';
import { MemoryBroker } from '@sluice/memory';
import { until } from '@sluice/testing';
import { z } from 'zod';
import { flow, testEngines } from './engine-harness.js';

const { start } = testEngines();

/** A plugin that counts how often its input is parsed. Its schema turns a text into a number, so a parsed input must not be parsed again. */
function countingPlugin(idempotent: Idempotence | ((input: { amount: number }) => Idempotence)) {
  const parsed: string[] = [];
  const ran: unknown[] = [];
  const pay = (paced: boolean) =>
    action({
      title: 'Pay',
      input: z.strictObject({
        amount: z.string().transform((text) => {
          parsed.push(text);
          return Number(text);
        }),
      }),
      output: z.unknown(),
      idempotent,
      paced,
      async run(_client: { close(): Promise<void> }, input) {
        ran.push(input);
        return 'paid';
      },
    });
  const plugin: AnyPlugin = definePlugin({
    name: 'bank',
    api: '^1',
    connection: z.strictObject({}),
    open: async () => ({ close: async () => undefined }),
    pace: { concurrency: { start: 1, max: 1, adaptive: false } },
    triggers: {},
    actions: { paced: pay(true), unpaced: pay(false) },
  });
  return { plugin, parsed, ran };
}

const CONNECTION = '  bank:\n    use: bank\n';
const use = (name: string) => `  - { id: pay, use: bank.${name}, connection: bank, with: { amount: '12' } }\n`;

describe('the input of a call', () => {
  it.each([
    ['in the hop of an unpaced call', 'unpaced', 1],
    ['in the hop of the step and in that of a paced call', 'paced', 2],
  ])('is parsed once %s, and the action receives the parsed value', async (_where, name, times) => {
    const idempotent = ({ amount }: { amount: number }) => (amount === 12 ? 'no' : 'yes');
    const { plugin, parsed, ran } = countingPlugin(idempotent);
    const machine = await start({ flows: flow('t', use(name)), plugin, settings: CONNECTION });
    // the compiler has parsed the input, which has no expressions
    parsed.length = 0;
    await machine.publish('t.asked', {});
    await machine.ended('done');
    expect(ran).toEqual([{ amount: 12 }]);
    expect(parsed).toHaveLength(times);
  });
});

describe('the durable retry of an unpaced call', () => {
  it('is made by the action that it was rendered for, although the step uses another action now', async () => {
    const broker = new MemoryBroker();
    const step = (name: string) => `  - { id: say, use: fake.${name}, connection: quick, with: { text: a } }\n`;
    const retry = 'deliver:\n  retry: { attempts: 2, backoff: fixed, initial: 1s, max: 1s }\n';
    const before = await start({
      broker,
      flows: flow('t', step('say'), retry),
      answer: () => {
        throw fail.TIMED_OUT('busy', { sent: 'yes' });
      },
    });
    await before.publish('t.asked', {});
    await until('the retry', () => before.broker.delayed('flow.t.next') === 1);
    await before.stop();
    const { plugin, ran } = countingPlugin('yes');
    const after = await start({
      broker,
      flows: flow('t', use('unpaced').replace('id: pay', 'id: say'), retry),
      plugin,
      settings: CONNECTION,
    });
    await after.ended('done');
    expect(after.calls).toMatchObject([{ attempt: 2, input: { text: 'a' } }]);
    expect(ran).toEqual([]);
  });
});

describe('the state of a run that lacks the result that its kind promises', () => {
  it('is parked and not dropped', async () => {
    const machine = await start({ flows: flow('t', '  - { id: pay, use: fake.push, connection: peer, with: { text: a } }\n') });
    const event = { id: 'x', source: '/x', type: 't.asked', time: '2026-01-01T00:00:00Z' };
    const state = {
      run: 'r',
      epoch: 0,
      flow: 't',
      revision: '',
      event,
      startedAt: 1,
      steps: {},
      kind: 'result',
      at: 'pay',
    } as const;
    const attributes = { ...event, datacontenttype: 'application/vnd.sluice.run' };
    await machine.bus.publish([
      { queue: 'flow.t.next', message: { attributes, body: encodeRun({ state, body: Buffer.alloc(0) }) } },
    ]);
    await machine.ended('parked');
    await until('the row', () => machine.database.parked.size === 1);
    expect((await machine.store.parked.get('r'))?.error).toMatchObject({ code: 'POISON', step: 'pay' });
  });
});
