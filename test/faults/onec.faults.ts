import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { OnecOptions } from '@sluice/emulator';
import { describeServers, startServers, type Servers } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, FULL, storm } from '../support/storm.js';
import { START_TIMEOUT_MS } from '../support/until.js';

const OUTAGE_MS = FULL ? 30_000 : 8_000;
/** Calls that 1C refuses in an outage, whatever its length is. */
const MOST_REFUSED = 100;
/** Calls that end in another way than by an answer in time. */
const UNKNOWN = 20;

describeServers('two hosts lose nothing when 1C', () => {
  let servers: Servers;
  let stage: Stage | undefined;

  beforeAll(async () => {
    servers = await startServers();
  }, START_TIMEOUT_MS);

  afterEach(() => stage?.close(), START_TIMEOUT_MS);
  afterAll(() => servers?.stop(), START_TIMEOUT_MS);

  const open = async (connection: string | undefined, onec: Partial<OnecOptions>) => {
    const settings = erpWorkspace(connection === undefined ? {} : { with: connection });
    stage = await Stage.open({
      hosts: 2,
      env: servers.env,
      onec,
      files: { 'sluice.yaml': settings, 'flows/save.yaml': SAVE_FLOW },
    });
    return stage;
  };

  it(
    'refuses everything for a while',
    async () => {
      const opened = await open(undefined, {});
      const { onec } = opened;
      const verdict = await storm(opened, async ({ reached }) => {
        await reached(0.5);
        onec.setFault({ kind: 'refuse-all' });
        await pause(OUTAGE_MS);
        onec.setFault();
      });
      // what repeats is what was refused, and nothing that was carried out
      expectSafe(verdict, { repeats: verdict.refused });
      expect(verdict.refused).toBeGreaterThan(0);
      // pauses between refusals, then the breaker: it is not hammered, however quickly it refuses
      expect(verdict.refused).toBeLessThan(MOST_REFUSED);
      expect(onec.stats().replayed).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'answers later than we wait, or breaks off when the work is done',
    async () => {
      // a call is given up after a second, and keeps its slot for another: by then the slow ones have ended, after one and a half
      const opened = await open('timeout: 1s', { latencyMs: 150 });
      const verdict = await storm(
        opened,
        async ({ reached }) => {
          await reached(0.5);
          opened.onec.setFault({ kind: 'slow', times: UNKNOWN }, { kind: 'lost', times: UNKNOWN });
        },
        { events: 200 },
      );
      const { done, replayed, conflicts } = opened.onec.stats();
      // each work was done once: a repeat came under the same id, and got the stored answer
      expectSafe(verdict, { repeats: replayed + conflicts });
      expect(verdict.refused).toBe(0);
      expect(done).toBe(200);
      // each lost answer is asked for again, and each slow one, unless the slowness met a repeat: a stored answer comes at once
      expect(replayed).toBeGreaterThanOrEqual(1.5 * UNKNOWN);
    },
    FAULT_TIMEOUT_MS,
  );
});
