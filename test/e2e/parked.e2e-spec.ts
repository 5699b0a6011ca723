import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminList } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { drive } from '../support/drive.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { requestId } from '../support/witness.js';

const ITEMS = 8;
const FAILED = 3;
const MANY = 60;

/** A loop with a call for each item. @param filler characters of each item: many of them do not travel with the run */
const loopFlow = (name: string, filler: number) => `
sluice: 1
flow: ${name}
trigger: { use: event, with: { types: [${name}.created] } }
vars: { ${name}Filler: ${'x'.repeat(filler)} }
steps:
  - id: each
    forEach:
      in: >-
        \${{ [[1..${ITEMS}].{ "n": $, "text": $$.vars.${name}Filler }] }}
      steps:
        - { id: save, use: onec-http.call, connection: erp, with: { method: SaveOrder, data: { n: '\${{ item.n }}' } } }
`;

describe('sluice parked', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open({
      files: {
        'sluice.yaml': erpWorkspace(),
        'flows/save.yaml': SAVE_FLOW,
        'flows/small.yaml': loopFlow('small', 10),
        'flows/large.yaml': loopFlow('large', 20_000),
      },
    });
  }, START_TIMEOUT_MS);
  afterAll(() => stage?.close(), START_TIMEOUT_MS);

  const parked = (flow: string) => adminList<{ readonly run: string }>(stage.url, `/api/parked?limit=1000&flow=${flow}`);

  it.each(['small', 'large'])('replays only the failed items of a run that is parked in a %s loop', async (flow) => {
    const { onec } = stage;
    onec.reset();
    onec.setFault({ kind: 'business', times: FAILED });
    await drive([`${flow}-1`], { doors: stage.doors, type: `${flow}.created` });
    await until('the run to be parked', async () => (await parked(flow)).length === 1);
    const select = ['--flow', flow, '--code', 'FOREACH_FAILED', '--step', 'each', '--since', '1h'];
    const dry = await sluice(stage.url, 'parked', 'replay', ...select, '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('1 parked run') });
    expect(await sluice(stage.url, 'parked', 'replay', '--code', 'OTHER')).toMatchObject({ code: 0, stdout: '0 parked runs\n' });
    expect(await parked(flow)).toHaveLength(1);
    const replayed = await sluice(stage.url, 'parked', 'replay', ...select);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining('replayed 1 of 1 run') });
    await until('all items to be carried out', () => onec.stats().distinct === ITEMS);
    await stage.drained();
    const { ids = {} } = onec.stats({ ids: true });
    const counts = Array.from({ length: ITEMS }, (_, n) => ids[requestId(`${flow}-1`, flow, `save/${n}`)]?.count);
    expect(counts).toEqual(Array.from({ length: ITEMS }, (_, n) => (n < FAILED ? 2 : 1)));
    expect(await parked(flow)).toEqual([]);
  });

  it('replays many runs at a bounded rate, and goes on after an interruption with the command that it printed', async () => {
    const { onec } = stage;
    onec.reset();
    onec.setFault({ kind: 'business', times: MANY });
    const events = Array.from({ length: MANY }, (_, n) => `many-${n}`);
    await drive(events, { doors: stage.doors, type: 'order.created' });
    await until('all to be parked', async () => (await parked('save')).length === MANY);
    const child = spawn(
      process.execPath,
      [path.resolve('apps/cli/bin/sluice.js'), 'parked', 'replay', '--flow', 'save', '--rate', '10'],
      {
        env: {
          PATH: process.env['PATH'],
          NO_COLOR: '1',
          SLUICE_URL: stage.url,
          SLUICE_TOKEN: await signToken({ sub: 'operator', scope: 'admin' }),
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('some runs to be replayed', () => onec.stats().distinct >= 3);
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    expect((await parked('save')).length).toBeGreaterThan(0);
    const [, command = ''] = /to go on: sluice (parked replay .*)/.exec(said) ?? [];
    const rest = await sluice(stage.url, ...command.split(' '));
    expect(rest).toMatchObject({ code: 0, stdout: expect.stringMatching(/replayed (\d+) of \1 runs/) });
    await until('all calls to be carried out', () => onec.stats().distinct === MANY);
    await stage.drained();
    const { ids = {} } = onec.stats({ ids: true });
    expect(events.map((event) => ids[requestId(event, 'save', 'order')]?.count)).toEqual(events.map(() => 2));
  });

  it('drops selected runs only after a confirmation', async () => {
    const { onec } = stage;
    onec.setFault({ kind: 'business', times: 2 });
    await drive(['dropped-1', 'dropped-2'], { doors: stage.doors, type: 'order.created' });
    await until('both to be parked', async () => (await parked('save')).length === 2);
    expect(await sluice(stage.url, 'parked', 'drop', '--flow', 'save')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('add --yes'),
    });
    expect(await parked('save')).toHaveLength(2);
    expect(await sluice(stage.url, 'parked', 'drop', '--flow', 'save', '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('dropped 2 of 2 runs'),
    });
    expect(await parked('save')).toEqual([]);
  });
});
