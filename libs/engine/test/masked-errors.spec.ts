import { describe, expect, it } from '@jest/globals';
import { action, definePlugin, fail, type AnyPlugin } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { z } from 'zod';
import { flow, testEngines } from './engine-harness.js';

const SECRET = 'W3bT0kenSecret';
const { start } = testEngines();
const mask = (text: string) => text.replaceAll(SECRET, '***');

/** The answer of a service that repeats the request in its error. */
const echo = () => {
  throw fail.REJECTED(`422 for ${SECRET}`, {
    details: { status: 422, body: `authorization: Bearer ${SECRET}`, [SECRET]: [SECRET] },
    cause: new Error(`at https://${SECRET}@host/`),
    sent: 'yes',
  });
};
const CALL = '  - { id: call, use: fake.ACTION, connection: peer, with: { text: hello } }\n';

describe('a secret that a remote system repeats in its error', () => {
  it.each([
    ['push', 'paced'],
    ['say', 'unpaced'],
  ])('is not stored when fake.%s (%s) fails', async (action) => {
    const machine = await start({ flows: flow('order', CALL.replace('ACTION', action)), answer: echo, mask });
    await machine.publish('order.asked', { n: 1 });
    await until('the run to be parked', async () => (await machine.store.parked.list({ limit: 1 })).length === 1);
    const [summary] = await machine.store.parked.list({ limit: 1 });
    const parked = await machine.store.parked.get(summary?.run ?? '');
    expect(parked?.error).toMatchObject({ code: 'REJECTED', message: '422 for ***', details: { '***': ['***'] } });
    await machine.store.journal.flush();
    const stored = [parked, parked?.message.toString(), await machine.store.journal.find(summary?.run ?? ''), machine.log.lines];
    expect(JSON.stringify(stored)).not.toContain(SECRET);
  });

  it('is masked in the error that a flow handles', async () => {
    const machine = await start({
      flows: flow(
        'order',
        '  - id: call\n    use: fake.push\n    connection: peer\n    with: { text: hello }\n    onError: [{ output: "${{ error }}" }]\n  - { id: tell, emit: { type: order.failed, data: "${{ steps.call }}" } }\n',
      ),
      answer: echo,
      mask,
    });
    await machine.publish('order.asked', { n: 1 });
    await until('the event of the failure', () => machine.emitted.some(({ type }) => type === 'order.failed'));
    expect(JSON.stringify(machine.emitted)).not.toContain(SECRET);
  });
});

describe('a secret in an error that a plugin throws before the call', () => {
  it('is not stored when `idempotent` throws', async () => {
    const plugin: AnyPlugin = definePlugin({
      name: 'bank',
      api: '^1',
      connection: z.strictObject({}),
      open: async () => ({ close: async () => undefined }),
      triggers: {},
      actions: {
        pay: action({
          title: 'Pay',
          input: z.strictObject({ text: z.string() }),
          output: z.unknown(),
          idempotent: () => {
            throw fail.REJECTED(`no account of ${SECRET}`);
          },
          run: async (_client: { close(): Promise<void> }) => 'paid',
        }),
      },
    });
    const flows = flow('order', '  - { id: pay, use: bank.pay, connection: bank, with: { text: hello } }\n');
    const machine = await start({ flows, plugin, settings: '  bank:\n    use: bank\n', mask });
    await machine.publish('order.asked', { n: 1 });
    await until('the run to be parked', async () => (await machine.store.parked.list({ limit: 1 })).length === 1);
    const [summary] = await machine.store.parked.list({ limit: 1 });
    expect(summary?.error.message).toBe('no account of ***');
    const parked = await machine.store.parked.get(summary?.run ?? '');
    expect(JSON.stringify([parked, parked?.message.toString(), machine.log.lines])).not.toContain(SECRET);
  });
});
