import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { definePlugin, trigger, type Accept } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { z } from 'zod';
import { startTestEngine } from './engine-harness.js';

const FLOW = `
sluice: 1
flow: calls
trigger: { use: phone.rings, connection: pbx }
steps:
  - id: tell
    emit: { type: phone.told, data: '\${{ trigger.data }}' }
`;
const LATE = FLOW.replace('steps:', 'deliver: { expires: 1s }\nsteps:');

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A source that sends events at any time and cannot send them again. */
async function startSource(flows: string) {
  const spool = await mkdtemp(path.join(tmpdir(), 'sluice-live-'));
  closing.push(() => rm(spool, { recursive: true }));
  let say: Accept<{ from: string }> | undefined;
  const plugin = definePlugin({
    name: 'phone',
    api: '^1',
    connection: z.strictObject({}),
    open: async () => ({ close: async () => undefined }),
    triggers: {
      rings: trigger({
        title: 'A telephone rings',
        source: 'live',
        options: z.strictObject({}),
        output: z.object({ from: z.string() }),
        subscribe: (_client: { close(): Promise<void> }, _options, accept, signal) => {
          say = accept;
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        },
      }),
    },
    actions: {},
  });
  const machine = await startTestEngine({ flows, plugin, spool, settings: '  pbx:\n    use: phone\n' });
  closing.push(() => machine.stop());
  await until('the subscription', () => say !== undefined);
  return { machine, say: (from: string) => say?.({ data: { from }, id: from }) };
}

describe('a live source', () => {
  it('loses no event while the broker is unavailable, and keeps their order', async () => {
    const { machine, say } = await startSource(FLOW);
    machine.broker.stop();
    for (const from of ['1', '2', '3']) expect(await say(from)).toEqual({ id: from });
    machine.broker.start();
    await until('the events', () => machine.emitted.length === 3, 10_000);
    expect(machine.emitted.map(({ data }) => data)).toEqual([{ from: '1' }, { from: '2' }, { from: '3' }]);
  });

  it('counts the expiry of an event from its arrival, also while the event waits for the broker', async () => {
    const { machine, say } = await startSource(LATE);
    machine.broker.stop();
    await say('1');
    const late = Date.now() + 1_001;
    await until('it to be late', () => Date.now() > late);
    machine.broker.start();
    await machine.ended('expired');
    expect(machine.emitted).toEqual([]);
  });

  it('receives an error at once for an event that does not fit its schema', async () => {
    const { say } = await startSource(FLOW);
    await expect(say(7 as unknown as string)).rejects.toMatchObject({ code: 'OUTPUT_INVALID' });
  });
});
