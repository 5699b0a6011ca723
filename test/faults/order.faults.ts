import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { drive } from '../support/drive.js';
import { sharedEngineSets, type SharedEngines } from '../support/engines.js';
import type { HostProcess } from '../support/host.js';
import { erpWorkspace, SAVE_CALL } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { DRAIN_MS, FAULT_TIMEOUT_MS, FULL } from '../support/storm.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { judge, requestId } from '../support/witness.js';

const KEYS = 20;
const EVENTS = FULL ? 20_000 : 200;
/** Longer than a lease, shorter than the heartbeats of RabbitMQ. */
const FROZEN_MS = 8_000;
/** With few events the calls are slower, so that faults hit runs that are away. */
const LATENCY_MS = FULL ? 5 : 60;

/** The key is the second word of the number. */
const FLOW = `
sluice: 1
flow: save
trigger: { use: event, with: { types: [order.created] } }
deliver:
  key: '\${{ $split(trigger.data.number, "-")[1] }}'
  retry: { attempts: 50, initial: 1s, max: 2s }
steps:
  - { id: order, use: onec-http.call, connection: erp, with: { method: SaveOrder, data: '\${{ trigger.data }}' } }
`;

let rounds = 0;

describe.each(sharedEngineSets)('the order of keys over two hosts on $name', (backends) => {
  let servers: SharedEngines;
  let stage: Stage;

  beforeAll(async () => {
    servers = await backends.start();
    const files = { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': FLOW };
    stage = await Stage.open({ hosts: 2, env: servers.env, files, onec: { latencyMs: LATENCY_MS } });
  }, START_TIMEOUT_MS);

  afterEach(() => stage?.onec.setFault());
  afterAll(async () => {
    await stage?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  async function rows(table: 'lane' | 'lane_held'): Promise<number> {
    const client = new pg.Client({ connectionString: servers.postgres.url });
    await client.connect();
    try {
      const { rows: counted } = await client.query<{ count: string }>(`select count(*) from sluice.${table}`);
      return Number(counted[0]?.count);
    } finally {
      await client.end();
    }
  }

  /**
   * Sends the events of each key one after another while the fault happens, waits until 1C has carried out all of them, and compares what
   * it saw with what was sent.
   */
  async function orderedStorm(
    counts: Readonly<Record<string, number>>,
    fault: (reached: (share: number) => Promise<unknown>) => Promise<void>,
  ) {
    const round = ++rounds;
    const keys = Object.entries(counts).map(([key, count]) =>
      Array.from({ length: count }, (_, n) => `${process.pid}${round}-${key}-${n}`),
    );
    const events = keys.flat();
    const { onec } = stage;
    onec.reset();
    const carriedOut = (count: number) =>
      until(`${count} of ${events.length} calls to be carried out`, () => onec.stats().distinct >= count, FAULT_TIMEOUT_MS);
    await Promise.all([
      ...keys.map((ids) => drive(ids, { doors: stage.doors, type: 'order.created', concurrency: 1, withinMs: FAULT_TIMEOUT_MS })),
      fault((share) => carriedOut(Math.floor(events.length * share))),
    ]);
    await carriedOut(events.length);
    await stage.drained(DRAIN_MS);
    const { ids = {} } = onec.stats({ ids: true });
    const firstOf = (event: string) => ids[requestId(event, SAVE_CALL.flow, SAVE_CALL.step)]?.first ?? -1;
    const outOfOrder = keys.flatMap((ofKey) => {
      const arrived = [...ofKey].sort((a, b) => firstOf(a) - firstOf(b));
      return arrived.filter((event, n) => event !== ofKey[n]);
    });
    return { ...judge(onec, events, SAVE_CALL), outOfOrder, firstOf, keys };
  }

  const evenly = Object.fromEntries(Array.from({ length: KEYS }, (_, n) => [`k${n}`, EVENTS / KEYS]));
  const SAFE = { lost: [], strangers: [], outOfOrder: [] };
  const owner = (): Promise<HostProcess> => stage.owner('flow.save');
  /** No lane may stay busy without a run that could release it. */
  const free = () => until('all lanes to be free', async () => (await rows('lane')) + (await rows('lane_held')) === 0);

  it(
    'is kept while 1C hands calls back at random',
    async () => {
      const verdict = await orderedStorm(evenly, async (reached) => {
        for (let share = 0.1; share < 0.9; share += 0.2) {
          await reached(share);
          stage.onec.setFault({ kind: 'busy', times: 3 }, { kind: 'lost', times: 2 }, { kind: 'lock', times: 2 });
        }
      });
      expect(verdict).toMatchObject(SAFE);
      await free();
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'is kept when the owner of the flow is killed again and again',
    async () => {
      const verdict = await orderedStorm(evenly, async (reached) => {
        for (const share of [0.1, 0.4, 0.7]) {
          await reached(share);
          const killed = await owner();
          await killed.kill9();
          await killed.start();
        }
      });
      expect(verdict).toMatchObject(SAFE);
      await free();
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'is kept when the owner of the flow freezes and continues after another host has taken over',
    async () => {
      const verdict = await orderedStorm(evenly, async (reached) => {
        await reached(0.2);
        const frozen = await owner();
        frozen.freeze();
        await pause(FROZEN_MS);
        frozen.thaw();
      });
      expect(verdict).toMatchObject(SAFE);
      await free();
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'does not hold up 1,000 other keys behind one hot key',
    async () => {
      const counts = { hot: EVENTS / 4, ...Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`o${n}`, 1])) };
      const verdict = await orderedStorm(counts, async (reached) => {
        await reached(0.3);
        const killed = await owner();
        await killed.kill9();
        await killed.start();
      });
      expect(verdict).toMatchObject(SAFE);
      await free();
    },
    FAULT_TIMEOUT_MS,
  );
});
