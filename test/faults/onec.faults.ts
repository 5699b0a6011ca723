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
const MAX_REFUSED = 100;
/** Calls that end in another way than by an answer in time. */
const UNKNOWN = 20;
/** Calls at once. */
const LIMIT = 10;

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
      expect(verdict.refused).toBeLessThan(MAX_REFUSED);
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
      const { done, replayed, conflicts, ids = {} } = opened.onec.stats({ ids: true });
      expectSafe(verdict, { repeats: replayed + conflicts });
      expect(verdict.refused).toBe(0);
      // each order was carried out once
      expect(done).toBe(200);
      // and asked for again under its id after each answer that did not come
      const neverAskedAgain = Object.entries(ids).filter(([, { count, unanswered }]) => count < 1 + unanswered);
      expect(neverAskedAgain).toEqual([]);
      // how many these are varies: a repeat has its stored answer at once, however slow 1C is, so only first calls are too slow; the first
      // ten that begin while 1C is slow are
      const unanswered = Object.values(ids).reduce((sum, id) => sum + id.unanswered, 0);
      expect(unanswered).toBeGreaterThanOrEqual(UNKNOWN + LIMIT);
    },
    FAULT_TIMEOUT_MS,
  );
});
