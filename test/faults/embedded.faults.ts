import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, REPEATS_PER_CRASH, storm } from '../support/storm.js';
import { START_TIMEOUT_MS } from '../support/until.js';

describe('a host on the embedded default', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open({ files: { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW } });
  }, START_TIMEOUT_MS);

  afterAll(() => stage?.close(), START_TIMEOUT_MS);

  it(
    'loses no event when it is killed and restarted',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        const database = stage.host.postgresPid;
        await stage.host.kill9();
        await stage.host.start();
        expect(stage.host.postgresPid).toBe(database);
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'loses no event when its database is killed',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        process.kill(stage.host.postgresPid ?? 0, 'SIGKILL');
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'loses no event when both are killed',
    async () => {
      const verdict = await storm(stage, async ({ reached }) => {
        await reached(0.2);
        process.kill(stage.host.postgresPid ?? 0, 'SIGKILL');
        await stage.host.kill9();
        await stage.host.start();
      });
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(verdict.refused).toBe(0);
    },
    FAULT_TIMEOUT_MS,
  );
});
