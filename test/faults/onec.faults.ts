import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { describeServers, startServers, type Servers } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { FAULT_TIMEOUT_MS, FULL, storm } from '../support/storm.js';
import { START_TIMEOUT_MS } from '../support/until.js';

const OUTAGE_MS = FULL ? 30_000 : 8_000;

describeServers('a 1C in trouble', () => {
  let servers: Servers;
  let stage: Stage;

  beforeAll(async () => {
    servers = await startServers();
  }, START_TIMEOUT_MS);

  afterAll(() => servers?.stop(), START_TIMEOUT_MS);

  const openStage = async (options: { with?: string; latencyMs?: number }) => {
    const files = {
      'sluice.yaml': erpWorkspace(options.with === undefined ? {} : { with: options.with }),
      'flows/save.yaml': SAVE_FLOW,
    };
    const { latencyMs } = options;
    stage = await Stage.open({ hosts: 2, env: servers.env, files, onec: latencyMs === undefined ? {} : { latencyMs } });
  };

  it(
    'refuses everything for a while',
    async () => {
      await openStage({});
      try {
        const verdict = await storm(stage, async ({ reached }) => {
          await reached(0.2);
          stage.onec.setFault({ kind: 'refuse-all' });
          await pause(OUTAGE_MS);
          stage.onec.setFault();
        });
        console.log(verdict, stage.onec.stats());
        expect(verdict).toMatchObject({ lost: [], strangers: [] });
      } finally {
        await stage.close();
      }
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'answers too late, or not',
    async () => {
      await openStage({ with: 'timeout: 700ms', latencyMs: 100 });
      try {
        const verdict = await storm(
          stage,
          async ({ reached }) => {
            await reached(0.2);
            stage.onec.setFault({ kind: 'slow', times: 20 }, { kind: 'lost', times: 20 });
          },
          { events: 400 },
        );
        console.log(verdict, stage.onec.stats());
        expect(verdict).toMatchObject({ lost: [], strangers: [], refused: 0 });
      } finally {
        await stage.close();
      }
    },
    FAULT_TIMEOUT_MS,
  );
});
