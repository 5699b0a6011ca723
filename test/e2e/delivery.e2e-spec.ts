import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { drive } from '../support/drive.js';
import { engineSets, type StartedEngines } from '../support/engines.js';
import { erpWorkspace, SAVE_CALL, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { judge } from '../support/witness.js';

describe.each(engineSets)('an event on its way to 1C, on $name', (engineSet) => {
  let engines: StartedEngines;
  let stage: Stage;

  beforeAll(async () => {
    engines = await engineSet.start();
    stage = await Stage.open({ env: engines.env, files: { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await engines?.stop();
  }, START_TIMEOUT_MS);

  it('is carried out once, and never more than ten at a time', async () => {
    const events = Array.from({ length: 200 }, (_, n) => `burst-${n}`);
    await drive(events, { doors: stage.doors, type: 'order.created' });
    await until('all calls to be carried out', () => stage.onec.stats().distinct >= events.length);
    const { peak, ...verdict } = judge(stage.onec, events, SAVE_CALL);
    expect(verdict).toEqual({ lost: [], strangers: [], repeats: 0, most: 1, refused: 0 });
    expect(peak).toBeLessThanOrEqual(10);
  });
});
