import { describe, expect, it } from '@jest/globals';
import { definePlugin, trigger, type Accept } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const { start, running } = testEngines();
const TELL = "  - { id: told, emit: { type: told, data: '${{ trigger.data }}' } }\n";
const WHERE = "where: '${{ trigger.data.amount > 100 }}'";

/** Returns a flow that takes events by type and only some of them. */
const picky = (name: string, where = WHERE, more = '') =>
  `sluice: 1\nflow: ${name}\ntrigger: { use: event, with: { types: [order.created] }, ${where} }\n${more}steps:\n${TELL}`;

async function parkedRows({ store }: TestEngine, count: number) {
  await until(`${count} rows`, async () => (await store.parked.list({ limit: 10 })).length === count);
  return store.parked.list({ limit: 10 });
}

describe('trigger.where of events of the bus', () => {
  it('leaves an event to the other flows, counts it, and neither stores nor journals it', async () => {
    const other = "sluice: 1\nflow: all\ntrigger: { use: event, with: { types: ['order.*'] } }\nsteps:\n" + TELL;
    const machine = await start({ flows: [picky('large', WHERE, 'journal: all\n'), other].join('---\n') });
    const { id } = await machine.publish('order.created', { amount: 7 });
    await machine.publish('order.created', { amount: 700 });
    await until('both events', () => machine.emitted.filter(({ type }) => type === 'told').length === 3);
    expect(machine.filtered).toEqual(['large']);
    expect(machine.outcomes).toEqual([1, 2, 3].map(() => ({ flow: expect.any(String), outcome: 'done' })));
    expect((await machine.store.journal.find(id)).filter((entry) => entry.flow === 'large')).toEqual([]);
    expect(await machine.bus.unrouted()).toEqual([]);
    expect(await machine.store.parked.list({ limit: 10 })).toEqual([]);
  });

  it('parks the run when it has an error, and evaluates it again in a replay', async () => {
    const machine = await start({ flows: picky('large') });
    const [first, second] = [
      await machine.publish('order.created', { amount: 'x' }),
      await machine.publish('order.created', 'text'),
    ];
    expect(first.id).not.toBe(second.id);
    await machine.ended('parked', 2);
    expect(machine.filtered).toEqual([]);
    const parked = await parkedRows(machine, 2);
    expect(parked.map(({ error, flow: name }) => [name, error.code.slice(0, 5)])).toEqual([
      ['large', 'EXPR_'],
      ['large', 'EXPR_'],
    ]);
    await machine.engine.parking.replay(parked[0]?.run ?? '', {});
    await machine.ended('parked', 3);
  });

  it('is decided before deliver.key, so that such an event waits in no lane', async () => {
    const deliver = "deliver: { key: '${{ trigger.data.none }}' }\n";
    const machine = await start({ flows: picky('large', WHERE, deliver) });
    await machine.publish('order.created', { amount: 1 });
    await until('the event to be left out', () => machine.filtered.length === 1);
    await machine.publish('order.created', { amount: 'x' });
    await machine.publish('order.created', { amount: 700 });
    // without a value of the key, and with an error in where
    await machine.ended('parked', 2);
    expect(machine.filtered).toEqual(['large']);
  });

  it('is decided before the size of the body, dedupe and the expiry', async () => {
    const deliver = "deliver: { maxBody: 64B, expires: 1s, dedupe: { key: '${{ trigger.data.none }}', within: 1h } }\n";
    const machine = await start({ flows: picky('large', WHERE, deliver) });
    await machine.publish('order.created', { amount: 1, text: 'x'.repeat(100) });
    await until('the event to be left out', () => machine.filtered.length === 1);
    expect(machine.outcomes).toEqual([]);
  });
});

describe('trigger.where of the events of a plugin', () => {
  async function startSource(spooled: boolean, where = WHERE) {
    let accept: Accept<unknown> | undefined;
    const plugin = definePlugin({
      name: 'phone',
      api: '^1',
      connection: z.strictObject({}),
      open: async () => ({ close: async () => undefined }),
      triggers: {
        rings: trigger({
          title: 'A telephone rings',
          ...(spooled && { source: 'live' as const }),
          options: z.strictObject({}),
          output: z.unknown(),
          subscribe: (_client: { close(): Promise<void> }, _options, accepts, signal) => {
            accept = accepts;
            return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
          },
        }),
      },
      actions: {},
    });
    const spool = await mkdtemp(path.join(tmpdir(), 'sluice-where-'));
    const machine = await start({
      flows: `sluice: 1\nflow: calls\ntrigger: { use: phone.rings, connection: pbx, ${where} }\nsteps:\n${TELL}`,
      plugin,
      spool,
      settings: '  pbx:\n    use: phone\n',
    });
    await until('the subscription', () => accept !== undefined);
    return {
      machine,
      say: (data: unknown, withinMs?: number) => accept?.({ data }, withinMs === undefined ? undefined : { reply: { withinMs } }),
      close: async () => {
        for (const one of running.splice(0)) await one.stop();
        await rm(spool, { recursive: true });
      },
    };
  }

  it.each([
    ['published', false],
    ['spooled', true],
  ])('is evaluated once, before an event is %s', async (_how, spooled) => {
    const { machine, say, close } = await startSource(spooled);
    machine.broker.stop();
    // what the flow does not take needs no broker
    expect(await say({ amount: 7 })).toEqual({ id: expect.any(String) });
    expect(machine.filtered).toEqual(['calls']);
    machine.broker.start();
    await say({ amount: 700 });
    await machine.ended('done');
    await until('its event', () => machine.emitted.length > 0);
    expect(machine.emitted.map(({ data }) => data)).toEqual([{ amount: 700 }]);
    expect(machine.filtered).toEqual(['calls']);
    await close();
  });

  it('answers a sender that waits with 204', async () => {
    const { machine, say, close } = await startSource(false);
    const accepted = await say({ amount: 7 }, 60_000);
    expect(await accepted?.reply).toEqual({ status: 204, headers: {} });
    expect(machine.outcomes).toEqual([]);
    await close();
  });

  it.each([
    ['published', false],
    ['spooled', true],
  ])('parks the run of a %s event when it has an error, and answers a sender that waits', async (_how, spooled) => {
    const { machine, say, close } = await startSource(spooled);
    const accepted = await say({ amount: 'x' }, spooled ? undefined : 60_000);
    await machine.ended('parked');
    const [parked] = await parkedRows(machine, 1);
    expect(parked?.error.code).toMatch(/^EXPR_/);
    if (!spooled) expect((await accepted?.reply)?.status).toBeGreaterThanOrEqual(400);
    await close();
  });
});

describe('trigger.where of a called flow', () => {
  it('returns null to the caller when it is false', async () => {
    const callee = `sluice: 1\nflow: callee\ntrigger: { use: flow, ${WHERE} }\nsteps:\n${TELL}`;
    const caller = flow(
      'caller',
      "  - { id: ask, call: { flow: callee, data: { amount: 7 } } }\n  - { id: done, emit: { type: asked, data: { answer: '${{ steps.ask }}' } } }\n",
    );
    const machine = await start({ flows: [callee, caller].join('---\n') });
    await machine.publish('caller.asked', {});
    await machine.ended('done');
    await until('its event', () => machine.emitted.some(({ type }) => type === 'asked'));
    expect(machine.emitted.filter(({ type }) => type === 'asked').map(({ data }) => data)).toEqual([{ answer: null }]);
    expect(machine.filtered).toEqual(['callee']);
  });
});
