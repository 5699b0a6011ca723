import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueueStatus, UnroutedStatus } from '@sluice/engine';
import type { RabbitServerOptions } from '@sluice/testing';
import { admin, adminList } from '../support/api.js';
import { drive } from '../support/drive.js';
import { startServers, type Servers } from '../support/engines.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { FAULT_TIMEOUT_MS } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { judge } from '../support/witness.js';

/** The flow emits an unrouted event after the call, so the number of unrouted events is the number of ended runs. */
const FLOW = `
sluice: 1
flow: save
trigger: { use: event, with: { types: [order.created] } }
steps:
  - { id: order, use: onec-http.call, connection: erp, with: { method: SaveOrder, data: '\${{ trigger.data }}' } }
  - { id: told, emit: { type: order.saved, data: { number: '\${{ trigger.data.number }}' } } }
`;
const CALL = { flow: 'save', step: 'order' } as const;
const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${process.pid}-${prefix}-${n}`);

describe('a delivery that ends before its work is done', () => {
  let servers: Servers;
  let stage: Stage;

  async function open(
    latencyMs: number,
    { rabbit = {}, more = '' }: { rabbit?: RabbitServerOptions; more?: string } = {},
  ): Promise<void> {
    servers = await startServers(rabbit);
    const workspace = erpWorkspace({ more }).replace('{ start: 10, max: 10 }', '{ start: 10, max: 10, adaptive: false }');
    const files = { 'sluice.yaml': workspace, 'flows/save.yaml': FLOW };
    stage = await Stage.open({ env: servers.env, files, onec: { latencyMs } });
  }

  async function close(): Promise<void> {
    await stage?.close();
    await servers?.stop();
  }

  async function queue(name: string): Promise<QueueStatus | undefined> {
    const { queues } = await admin<{ queues: QueueStatus[] }>(stage.url, '/api/status');
    return queues.find((one) => one.queue === name);
  }

  const ended = (count: number) =>
    until(
      `${count} runs to end`,
      async () => {
        const types = await adminList<UnroutedStatus>(stage.url, '/api/unrouted');
        return types.find(({ type }) => type === 'order.saved')?.count === count;
      },
      FAULT_TIMEOUT_MS,
    );

  describe('after its queue was deleted', () => {
    beforeAll(() => open(4_000), START_TIMEOUT_MS);
    afterAll(close, START_TIMEOUT_MS);

    it(
      'calls 1C once for each of ten open and ten held messages, and ends their runs',
      async () => {
        const events = ids('deleted', 20);
        await drive(events, { doors: stage.doors, type: 'order.created', withinMs: FAULT_TIMEOUT_MS });
        await until('ten open calls, and ten that are held', async () => {
          return stage.onec.stats().inFlight === 10 && (await queue('push.erp.normal'))?.waiting === 0;
        });
        for (const name of ['push.erp.normal', 'flow.save', 'flow.save.next']) await servers.rabbit.ctl('delete_queue', name);
        await ended(20);
        expect(judge(stage.onec, events, CALL)).toMatchObject({ lost: [], strangers: [], repeats: 0 });
      },
      FAULT_TIMEOUT_MS,
    );
  });

  describe('after its call took longer than the consumer timeout of RabbitMQ', () => {
    const advanced = ['{consumer_timeout, 2000}', '{channel_tick_interval, 500}'];
    beforeAll(
      () => open(6_000, { rabbit: { advanced }, more: 'settings: { rabbit: { consumerTimeout: 2s } }' }),
      START_TIMEOUT_MS,
    );
    afterAll(close, START_TIMEOUT_MS);

    it(
      'ends each run once with the result of its only call',
      async () => {
        const events = ids('timeout', 12);
        await drive(events, { doors: stage.doors, type: 'order.created', withinMs: FAULT_TIMEOUT_MS });
        await ended(12);
        // verify that no message is left that could repeat a call
        for (const name of ['flow.save', 'flow.save.next', 'push.erp.normal', 'push.erp.normal.again']) {
          await until(`${name} to be empty`, async () => (await queue(name))?.waiting === 0, FAULT_TIMEOUT_MS);
        }
        await ended(12);
        expect(judge(stage.onec, events, CALL)).toMatchObject({ lost: [], strangers: [], repeats: 0 });
        expect(await servers.rabbit.log()).toContain('timed out');
      },
      FAULT_TIMEOUT_MS,
    );
  });
});
