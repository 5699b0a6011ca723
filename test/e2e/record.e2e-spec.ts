import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminList, post } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { erpWorkspace } from '../support/samples.js';
import { Stage } from '../support/stage.js';
import { signToken } from '../support/tokens.js';
import { START_TIMEOUT_MS, until } from '../support/until.js';
import { requestId } from '../support/witness.js';
import { makeFolder, type Folder } from '../support/workspace.js';

const PASSWORD = 'swordfish-of-1c';

const ORDERS = `sluice: 1
flow: orders
journal: full
trigger: { use: event, with: { types: [order.created] } }
steps:
  - id: save
    use: onec-http.call
    connection: erp
    with: { method: SaveOrder, data: { sum: '\${{ trigger.data.sum }}' } }
  - id: told
    emit: { type: order.saved, data: { number: '\${{ trigger.data.number }}', at: '\${{ $now() }}' } }
`;
const EDITED = ORDERS.replace("'${{ trigger.data.sum }}'", "'${{ $number(trigger.data.sum) }}'").replace(
  '  - id: told',
  `  - id: log
    use: onec-http.call
    connection: erp
    with: { method: SaveOrder, data: { number: '\${{ trigger.data.number }}' } }
  - id: told`,
);
const PLAIN = ORDERS.replace('flow: orders', 'flow: plain')
  .replace('journal: full\n', '')
  .replace('order.created', 'plain.created');
const PLAIN_SET = `sluice: 1
flow: quiet
journal: all
trigger: { use: event, with: { types: [quiet.created] } }
steps: [{ id: a, set: 1 }]
`;

interface Run {
  readonly run: string;
  readonly outcome: string;
}

describe('a recorded run', () => {
  let stage: Stage;
  let folder: Folder;

  beforeAll(async () => {
    folder = makeFolder('recorded');
    stage = await Stage.open({
      files: {
        'sluice.yaml': erpWorkspace({ with: "user: sluice, password: '${{ env.ERP_PASSWORD }}'" }),
        'flows/orders.yaml': ORDERS,
        'flows/plain.yaml': PLAIN,
        'flows/quiet.yaml': PLAIN_SET,
      },
      env: { ERP_PASSWORD: PASSWORD },
      onec: { user: 'sluice', password: PASSWORD },
    });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await stage?.close();
    folder.remove();
  }, START_TIMEOUT_MS);

  const here = () => ['--workspace', stage.workspace.path];
  const send = async (type: string, data: object) => expect((await post(`${stage.url}/events/${type}`, data)).status).toBe(202);
  const runs = (flow: string, outcome: string) => adminList<Run>(stage.url, `/api/runs?flow=${flow}&outcome=${outcome}`);
  const ended = (flow: string, outcome: string) =>
    until(`a run of ${flow} to end as ${outcome}`, async () => (await runs(flow, outcome))[0]?.run);
  const inFolder = (name: string, text: string) => {
    const file = path.join(folder.path, name);
    writeFileSync(file, text);
    return file;
  };

  it('becomes a test that passes, a file for a colleague, a preview of the edited flow, and a replay', async () => {
    await send('order.created', { number: 'W-1', sum: '10', note: `the password is ${PASSWORD}` });
    const done = await ended('orders', 'done');
    stage.onec.setFault({ kind: 'business', times: 1 });
    await send('order.created', { number: 'W-2', sum: '1500' });
    const parked = await ended('orders', 'parked');

    const recorded = await sluice(stage.url, 'record', parked, ...here());
    expect(recorded).toMatchObject({ code: 0, stderr: expect.stringContaining('the test passes') });
    // the second hop has another time offline
    expect(await sluice(stage.url, 'record', done, ...here())).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('left out: events.0.data.at was'),
    });
    expect(await sluice(stage.url, 'record', done, ...here())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`has a test of run ${done} already`),
    });
    const text = await readFile(path.join(stage.workspace.path, 'flows/orders.test.yaml'), 'utf8');
    expect(text.match(/^flow: orders$/gm)).toHaveLength(2);
    expect(text).toContain('the password is ***');
    expect(text).not.toContain(PASSWORD);
    const tested = await sluice(stage.url, 'test', ...here());
    expect(tested).toMatchObject({ code: 0, stderr: expect.stringContaining('2 passed, 0 failed') });

    expect(await sluice(stage.url, 'export', done.slice(0, 8))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('write the whole id of a run that is not parked'),
    });
    const exported = await sluice(stage.url, 'export', parked);
    expect(exported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(exported.stdout)).toMatchObject({
      capsule: 1,
      run: parked,
      flow: { name: 'orders', source: expect.stringContaining('flow: orders') },
      event: { type: 'order.created', data: { number: 'W-2', sum: '1500' } },
      calls: [
        {
          step: 'save',
          use: 'onec-http.call',
          input: { method: 'SaveOrder', data: { sum: '1500' } },
          error: { code: 'ONEC_BUSINESS', fate: 'rejected' },
          earlier: [],
        },
      ],
      outcome: 'parked',
      error: { code: 'ONEC_BUSINESS' },
      missing: [],
    });
    const capsule = inFolder('run.json', exported.stdout);
    const edited = inFolder('edited.yaml', EDITED);

    // without a host
    const nowhere = 'http://127.0.0.1:9';
    const offline = await sluice(nowhere, 'replay', '--preview', capsule, '--flow', edited, ...here());
    expect(offline).toMatchObject({ code: 0, stderr: expect.stringContaining('1 run: 1 would make other calls') });
    expect(offline.stdout).toContain('orders: parked → done');
    expect(offline.stdout).toContain('data.sum: "1500" → 1500');
    expect(offline.stdout).toContain('+ log would be called: {"method":"SaveOrder","data":{"number":"W-2"}}');
    expect(await sluice(nowhere, 'test', capsule, ...here())).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 passed, 0 failed'),
    });
    expect(await sluice(nowhere, 'record', capsule, '--out', '-', ...here())).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('code: ONEC_BUSINESS'),
    });

    const preview = ['replay', '--preview', '--flow', edited, ...here()];
    const shown = await sluice(stage.url, ...preview);
    expect(shown).toMatchObject({ code: 0, stderr: expect.stringContaining('add --yes') });
    expect(shown.stdout).toBe(offline.stdout);
    const same = await sluice(stage.url, 'replay', '--preview', '--outcome', 'done', '--flow', 'orders', ...here());
    expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/orders: done as before\n {2}the same calls/) });

    const early = await sluice(stage.url, ...preview, '--yes');
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('apply the edited file first') });
    expect(await runs('orders', 'parked')).toHaveLength(1);
    writeFileSync(path.join(stage.workspace.path, 'flows/orders.yaml'), EDITED);
    expect((await sluice(stage.url, 'reload')).code).toBe(0);
    const replayed = await sluice(stage.url, ...preview, '--yes');
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining('replayed 1 of 1 run') });
    await until('the replay to end', async () => (await runs('orders', 'done')).some(({ run }) => run === parked));
    const after = JSON.parse((await sluice(stage.url, 'export', parked)).stdout) as { calls: { step: string }[] };
    expect(after).toMatchObject({ epoch: expect.any(Number), outcome: 'done' });
    expect(after.calls.map(({ step }) => step)).toEqual(['save', 'log']);
  });

  it('that was not journalled in full is named, and a parked one is recorded from its row', async () => {
    stage.onec.setFault({ kind: 'business', times: 1 });
    await send('plain.created', { number: 'P-1', sum: '10' });
    const parked = await ended('plain', 'parked');
    const recorded = await sluice(stage.url, 'record', parked.slice(0, 8), '--out', '-', ...here());
    expect(recorded.code).toBe(0);
    expect(recorded.stderr).toContain('not in the test: the inputs of its calls, earlier errors and replies');
    expect(recorded.stdout).toMatch(/outcome: parked/);
    await send('quiet.created', {});
    const quiet = await ended('quiet', 'done');
    expect(await sluice(stage.url, 'record', quiet, ...here())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`run ${quiet} of quiet (done) was not journalled in full`),
    });
  });

  it('that is unknown, that has not ended, or whose file is foreign is refused with a reason', async () => {
    const unknown = '0198a1f2-1111-5000-8000-000000000001';
    expect(await sluice(stage.url, 'record', unknown, ...here())).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`there is no run ${unknown}`),
    });
    stage.onec.setFault({ kind: 'hang', times: 1 });
    const token = await signToken({ sub: 'driver' });
    await post(`${stage.url}/events/order.created`, { number: 'W-3', sum: '10' }, { token, headers: { 'ce-id': 'hung' } });
    const [hung = ''] = requestId('hung', 'orders', 'save').split('/');
    const command = () => sluice(stage.url, 'record', hung, ...here());
    const refusal = await until('the run to begin', async () => {
      const { code, stderr } = await command();
      expect(code).toBe(1);
      return stderr.includes('there is no run') ? undefined : stderr;
    });
    expect(refusal).toContain(`run ${hung} has not ended`);
    const files = {
      'garbage.json': '{"a": ',
      'foreign.json': '{"a": 1}',
      'newer.json': '{"capsule": 2}',
      'wrong.json': '{"capsule": 1, "run": 5}',
      'deep.json': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    };
    for (const [name, text] of Object.entries(files)) {
      const refused = await sluice(stage.url, 'replay', '--preview', inFolder(name, text), ...here());
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(`${name} `);
      expect(refused.stderr.split('\n').length).toBe(2);
    }
  });
});
