import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { startServers, type Servers } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, REPEATS_PER_CRASH, storm } from '../support/storm.js';
import { START_TIMEOUT_MS } from '../support/until.js';

/** Twice the time after which a lease expires: the other host has taken over by then. */
const FROZEN_MS = 12_000;

describe('two hosts on RabbitMQ, Redis and PostgreSQL', () => {
  let servers: Servers;
  let stage: Stage;

  beforeAll(async () => {
    servers = await startServers();
    const files = { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW };
    stage = await Stage.open({ hosts: 2, env: servers.env, files });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  it(
    'lose no event when the host that calls 1C is killed and restarted',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        const owner = await stage.owner();
        await owner.kill9();
        await owner.start();
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'lose no event when the host that calls 1C freezes and continues after another host has taken over',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        const owner = await stage.owner();
        owner.freeze();
        await pause(FROZEN_MS);
        owner.thaw();
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );
});
