import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { OnecOptions } from '@sluice/emulator';
import { startServers, type Servers } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, FULL, storm } from '../support/storm.js';
import { START_TIMEOUT_MS } from '../support/until.js';

const OUTAGE_MS = FULL ? 30_000 : 8_000;
/** Maximum number of calls that 1C rejects in an outage, regardless of its length. */
const MAX_REFUSED = 100;
/** Number of calls without an answer in time. */
const UNKNOWN = 20;
/** Number of concurrent calls. */
const LIMIT = 10;

describe('two hosts lose no event when 1C', () => {
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
    'rejects all calls for a while',
    async () => {
      const opened = await open(undefined, {});
      const { onec } = opened;
      const verdict = await storm(opened, async ({ reached }) => {
        await reached(0.5);
        onec.setFault({ kind: 'refuse-all' });
        await pause(OUTAGE_MS);
        onec.setFault();
      });
      // only rejected calls repeat, not those that were carried out
      expectSafe(verdict, { repeats: verdict.refused });
      expect(verdict.refused).toBeGreaterThan(0);
      // backoff and the breaker limit the number of calls, however fast 1C rejects them
      expect(verdict.refused).toBeLessThan(MAX_REFUSED);
      expect(onec.stats().replayed).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'answers after the timeout, or closes the connection after the work',
    async () => {
      // a call times out after 1 s and keeps its slot for another second; slow calls end after 1.5 s
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
      // 1C carried out each order once
      expect(done).toBe(200);
      // each missing answer led to a repeat under the same id
      const neverAskedAgain = Object.entries(ids).filter(([, { count, unanswered }]) => count < 1 + unanswered);
      expect(neverAskedAgain).toEqual([]);
      // the number varies, because a repeat gets its stored answer at once, so only first calls are slow; it is at least the first
      // ten calls that begin while 1C is slow
      const unanswered = Object.values(ids).reduce((sum, id) => sum + id.unanswered, 0);
      expect(unanswered).toBeGreaterThanOrEqual(UNKNOWN + LIMIT);
    },
    FAULT_TIMEOUT_MS,
  );
});
