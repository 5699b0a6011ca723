import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sluice, sluiceJson } from '../support/cli.js';
import { sharedEngineSets, type SharedEngines } from '../support/engines.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { expectSafe, FAULT_TIMEOUT_MS, FULL, REPEATS_PER_CRASH, storm } from '../support/storm.js';
import { START_TIMEOUT_MS } from '../support/until.js';

const EVENTS = FULL ? 20_000 : 200;
/** With few events the calls are slower, so that a reload meets runs that wait. */
const LATENCY_MS = FULL ? 5 : 60;

/** The steps around the call have another name in each revision. */
const revision = (n: number) => `${SAVE_FLOW}  - { id: saved${n}, set: { order: '\${{ steps.order }}', revision: ${n} } }\n`;

describe.each(sharedEngineSets)('two hosts on $name whose flow changes while its runs wait', (backends) => {
  let servers: SharedEngines;
  let stage: Stage;

  beforeAll(async () => {
    servers = await backends.start();
    const files = { 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': revision(0) };
    stage = await Stage.open({ hosts: 2, env: servers.env, files, onec: { latencyMs: LATENCY_MS } });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await stage?.close();
    await servers?.stop();
  }, START_TIMEOUT_MS);

  const change = (n: number) => writeFileSync(path.join(stage.workspace.path, 'flows/save.yaml'), revision(n));
  const parked = () => sluiceJson<unknown[]>(stage.doors()[0] ?? '', 'parked', 'ls');

  it(
    'park and lose no run when the hosts reload one after another',
    async () => {
      const verdict = await storm(
        stage,
        async ({ reached }) => {
          for (const [n, share] of [0.1, 0.3, 0.5, 0.7].entries()) {
            await reached(share);
            change(n + 1);
            // the hosts run different revisions in between
            for (const url of stage.doors()) expect((await sluice(url, 'reload')).stdout).toContain('flows changed: save');
          }
        },
        { events: EVENTS },
      );
      expectSafe(verdict, { repeats: 0 });
      expect(await parked()).toEqual([]);
    },
    FAULT_TIMEOUT_MS,
  );

  it(
    'park and lose no run when the host that calls 1C is killed after a reload',
    async () => {
      const verdict = await storm(
        stage,
        async ({ reached }) => {
          await reached(0.2);
          change(10);
          const owner = await stage.owner();
          await sluice(owner.url ?? '', 'reload');
          await owner.kill9();
          change(11);
          await owner.start();
        },
        { events: EVENTS },
      );
      expectSafe(verdict, { repeats: REPEATS_PER_CRASH });
      expect(await parked()).toEqual([]);
    },
    FAULT_TIMEOUT_MS,
  );
});
