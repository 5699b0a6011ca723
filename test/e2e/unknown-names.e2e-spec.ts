import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const SLUICE = path.resolve('apps/cli/bin/sluice.js');
const FLOW = `sluice: 1
flow: orders
trigger: { use: event, with: { types: [order.created] } }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: Save, data: '\${{ trigger.data }}' } }
tests:
  - { name: an order, trigger: { data: {} }, expect: { outcome: done } }
`;
const SETTINGS = `sluice: 1
plugins: ['@sluice/plugin-onec-http']
connections: { erp: { use: onec-http, with: { baseUrl: http://127.0.0.1:9 } } }
`;

interface Answer {
  readonly code: number;
  readonly text: string;
}

describe('a name or a command with a typing mistake', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice names имена '));
    await mkdir(path.join(folder, 'flows'));
    await writeFile(path.join(folder, 'sluice.yaml'), SETTINGS);
    await writeFile(path.join(folder, 'flows', 'orders.yaml'), FLOW);
    await writeFile(path.join(folder, 'event.json'), '{}');
    await writeFile(path.join(folder, 'empty.json'), '');
    await mkdir(path.join(folder, 'empty'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  function sluice(args: readonly string[], cwd = folder): Promise<Answer> {
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], NO_COLOR: '1', SLUICE_HOME: path.join(folder, 'home') };
      execFile(process.execPath, [SLUICE, ...args], { cwd, env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
      );
    });
  }

  it.each([
    [['lnit'], 'Did you mean one of init, lint?'],
    [['test', 'flows/oders.yaml'], 'there is no file flows/oders.yaml: did you mean flows/orders.yaml?'],
    [['lint', 'flows/oders.yaml'], 'did you mean flows/orders.yaml?'],
    [['graph', 'flows/oders.yaml'], 'did you mean flows/orders.yaml?'],
    [['test', '--filter', 'oders'], 'did you mean orders?'],
    [['explain', 'EXPR_ROT'], 'did you mean "sluice explain EXPR_ROOT"?'],
    [['dry-run', 'oders', 'event.json'], 'there is no flow "oders": did you mean orders?'],
    [['dry-run', 'flows/oders.yaml', 'event.json'], 'did you mean flows/orders.yaml?'],
    [['dry-run', 'orders', 'empty.json'], 'empty.json is empty: write JSON, for instance {}'],
    [['graph', '--out', 'flows'], 'flows: a folder stands where a file is needed'],
    [['dry-run', 'orders', 'event.json', '--mock', 'svae={}'], '--mock svae: no step "svae" makes a call: did you mean save?'],
    [['dry-run', 'orders', 'event.json', '--live', 'svae'], 'did you mean save?'],
    [['expr', '1', '--flow', 'oders'], 'did you mean orders?'],
    [['expr', '1', '--flow', 'orders', '--event', 'event.json', '--step', 'svae'], 'did you mean save?'],
    [['replay', '--preview', '--flow', 'oders'], 'has no flow "oders": did you mean orders?'],
    [['replay', '--preview', '--flow', 'orders', '--step', 'svae'], 'no flow has a step "svae": did you mean save?'],
    [['replay', '--preview', '--outcome', 'doen'], 'Allowed choices are done'],
    [['new', 'connection', 'soap', '--plugin', 'onec-spoa'], 'did you mean onec-soap?'],
    [['new', 'flow', 'returns', '--connection', 'epr'], 'did you mean erp?'],
  ])('%j is answered with what to write', async (args, expected) => {
    const { code, text } = await sluice(args);
    expect(text).toContain(expected);
    expect(code).toBeGreaterThan(0);
  });

  it.each([
    [['run'], 'sluice init'],
    [['lint'], 'sluice init'],
    [['test'], 'sluice init'],
    [['graph'], 'sluice init'],
    [['dry-run', 'orders', '../event.json'], 'sluice init'],
    [['new', 'flow', 'orders'], 'sluice init'],
  ])('%j in an empty folder is answered with what to do', async (args, expected) => {
    const { code, text } = await sluice(args, path.join(folder, 'empty'));
    expect(text).toContain(expected);
    expect(text.trim().split('\n')).toHaveLength(1);
    expect(code).toBeGreaterThan(0);
  });

  it('"sluice init" leaves a folder with files as it is', async () => {
    const { code, text } = await sluice(['init', '.']);
    expect(code).toBe(1);
    expect(text).toContain('is a workspace already');
  });
});
