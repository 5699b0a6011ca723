import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openProxy, type Proxy } from '@sluice/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { adminList } from '../support/api.js';
import { drive } from '../support/drive.js';
import { startServers, type Servers } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, REPEATS_PER_CRASH, storm, type Storm } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';

const BROKEN_FLOW = `
sluice: 1
flow: broken
trigger: { use: event, with: { types: [order.broken] } }
steps:
  - { id: sum, set: '\${{ $number(trigger.data.number) }}' }
`;

/** Number of calls that 1C rejects because of a lock, so that they are retried later. */
const RETRIES = 100;
/** Longer than an entry point waits for the broker before it answers 503. */
const AWAY_MS = 3_000;

interface Fault {
  readonly what: string;
  /** Maximum number of repeated calls. */
  readonly repeats: number;
  readonly strike: (storm: Storm) => Promise<void>;
}

/** All tests use two hosts, which connect to RabbitMQ through a proxy. */
describe('two hosts on RabbitMQ, Redis and PostgreSQL', () => {
  let servers: Servers;
  let network: Proxy;
  let stage: Stage;

  beforeAll(async () => {
    servers = await startServers();
    network = await openProxy(servers.rabbit.port);
    const throughProxy = new URL(servers.rabbit.url);
    throughProxy.port = String(network.port);
    const files = { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW, 'flows/broken.yaml': BROKEN_FLOW };
    stage = await Stage.open({ hosts: 2, env: { ...servers.env, SLUICE_RABBITMQ_URL: throughProxy.href }, files });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await network?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  const FAULTS: readonly Fault[] = [
    {
      what: 'RabbitMQ is killed and started again, with retries waiting in it',
      repeats: REPEATS_PER_CRASH + RETRIES,
      strike: async () => {
        stage.onec.setFault({ kind: 'lock', times: RETRIES });
        await until('retries', () => stage.onec.stats().failed === RETRIES);
        await servers.rabbit.kill();
        await servers.rabbit.restart();
      },
    },
    {
      what: 'the network to RabbitMQ breaks again and again',
      repeats: 3 * REPEATS_PER_CRASH,
      strike: async ({ reached }) => {
        for (const share of [0.3, 0.4, 0.5]) {
          network.cut();
          network.mend();
          await reached(share);
        }
      },
    },
    {
      what: 'the network to RabbitMQ is interrupted',
      repeats: REPEATS_PER_CRASH,
      strike: async () => {
        network.cut();
        await pause(AWAY_MS);
        network.mend();
      },
    },
    {
      what: 'Redis is killed and comes back empty',
      repeats: 0,
      strike: async () => {
        await servers.redis.kill();
        await pause(AWAY_MS);
        await servers.redis.restart();
      },
    },
    { what: 'Redis is flushed', repeats: 0, strike: () => servers.redis.flush() },
    {
      what: 'Redis is flushed at the moment in which the caller of 1C is killed',
      repeats: REPEATS_PER_CRASH,
      strike: async () => {
        const owner = await stage.owner();
        await Promise.all([servers.redis.flush(), owner.kill9()]);
        await owner.start();
      },
    },
    {
      what: 'PostgreSQL is killed and started again',
      repeats: 0,
      strike: async () => {
        await servers.postgres.kill();
        await pause(AWAY_MS);
        await servers.postgres.start();
      },
    },
  ];

  it.each(FAULTS)(
    'lose no event when $what',
    async ({ repeats, strike }) => {
      const verdict = await storm(stage, async (running) => {
        await running.reached(0.2);
        await strike(running);
      });
      expectSafe(verdict, { repeats });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'park a run after PostgreSQL returns',
    async () => {
      await servers.postgres.kill();
      const events = Array.from({ length: 20 }, (_, n) => `broken-${n}`);
      await drive(events, { doors: stage.doors, type: 'order.broken' });
      await servers.postgres.start();
      const parked = await until('all of them in the list of parked runs', async () => {
        const runs = await adminList<{ flow: string; event: { id: string } }>(stage.url, '/api/parked?flow=broken');
        return runs.length >= events.length && runs;
      });
      expect(parked.map(({ event }) => event.id).sort()).toEqual([...events].sort());
    },
    FAULT_TIMEOUT_MS,
  );
});
