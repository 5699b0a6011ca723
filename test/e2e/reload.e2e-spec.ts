import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { ask } from '../support/api.js';
import { sluice, sluiceJson } from '../support/cli.js';
import { HostProcess } from '../support/host.js';
import { SAVE_FLOW, erpWorkspace } from '../support/samples.js';
import { until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

let onec: Onec;
let home: Folder;
let workspace: Folder;
let host: HostProcess;
beforeEach(async () => {
  onec = await startOnec({ port: 0 });
  home = makeFolder('home');
  workspace = makeWorkspace({ 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW });
});
afterEach(async () => {
  await host.dispose();
  await onec.close();
  workspace.remove();
  home.remove();
});

async function start(...options: readonly string[]): Promise<void> {
  host = new HostProcess({
    workspace: workspace.path,
    home: home.path,
    env: { ERP_URL: `${onec.url}/base/hs/gate` },
    args: ['run', '--workspace', workspace.path, ...options],
  });
  await host.start();
}

/** Writes a file as editors do: under another name, which is then changed. */
function write(file: string, text: string): void {
  const target = path.join(workspace.path, file);
  writeFileSync(`${target}.new`, text);
  renameSync(`${target}.new`, target);
}

const logged = (text: string) => until(`"${text}" in the log`, () => host.output.includes(text));
const command = (...args: readonly string[]) => sluice(host.url ?? '', ...args);

async function send(number: string): Promise<void> {
  const sent = await ask(`${host.url}/events/order.created`, { method: 'POST', body: JSON.stringify({ number }) });
  expect(sent.status).toBe(202);
}

const json = <T>(...args: readonly string[]) => sluiceJson<T>(host.url ?? '', ...args);

describe('sluice reload', () => {
  it('applies changed files, and a broken file changes nothing', async () => {
    await start();
    expect((await command('reload')).stdout).toContain('nothing has changed');

    write('flows/save.yaml', SAVE_FLOW.replace('steps:', 'stepz:'));
    const refused = await command('reload');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/flows\/save\.yaml:5:1/);
    expect((await ask(`${host.url}/health/ready`)).body).toMatchObject({ status: 'ok', workspace: 'broken' });
    expect((await command('doctor', '--workspace', workspace.path)).stdout).toMatch(
      /^problem +workspace: .*flows\/save\.yaml:5:1/m,
    );
    await send('1');
    await until('the call of 1C', () => onec.stats().done === 1);

    write('flows/save.yaml', SAVE_FLOW);
    write('flows/more.yaml', SAVE_FLOW.replace('flow: save', 'flow: more').replace('order.created', 'order.changed'));
    expect((await command('reload')).stdout).toContain('flows added: more');
    expect((await ask(`${host.url}/health/ready`)).body).toMatchObject({ workspace: 'current' });
    expect((await ask(`${host.url}/events/order.changed`, { method: 'POST', body: '{"number":"2"}' })).status).toBe(202);
    await until('the call of the added flow', () => onec.stats().done === 2);

    expect(await json('audit')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ route: 'POST /api/reload', outcome: 'done' }),
        expect.objectContaining({ route: 'POST /api/reload', outcome: 'WORKSPACE_INVALID' }),
      ]),
    );
    const status = await json<{ hosts: { flows: object }[] }>('status');
    expect(Object.keys(status.hosts[0]?.flows ?? {}).sort()).toEqual(['more', 'save']);
  });

  it('refuses settings that need a restart', async () => {
    await start();
    write('sluice.yaml', `${erpWorkspace()}\nsettings: { timezone: Europe/Moscow }\n`);
    const refused = await command('reload');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/settings changed.*restart/s);
  });

  it('follows SIGHUP, and a start after that runs what was reloaded even when the files are broken', async () => {
    await start();
    write('flows/save.yaml', `${SAVE_FLOW}\n# a comment\n`);
    process.kill(host.pid, 'SIGHUP');
    await logged('reloaded the workspace: flows: changed save');
    write('flows/save.yaml', SAVE_FLOW.replace('steps:', 'stepz:'));
    await host.stop();
    await host.start();
    expect(host.output).toMatch(/the host runs the copy of/);
    await send('1');
    await until('the call of 1C', () => onec.stats().done === 1);
  });
});

describe('sluice run --watch', () => {
  it('applies a saved file, and lets runs that wait end on the steps on which they began', async () => {
    await start('--watch');
    onec.setFault({ kind: 'hang' });
    for (const number of ['1', '2', '3']) await send(number);
    await until('the calls hang', async () => {
      const { paces } = await json<{ paces: Record<string, { inFlight: number }> }>('status');
      return paces['erp']?.inFlight === 3;
    });
    write('flows/save.yaml', SAVE_FLOW.replace('id: order', 'id: store'));
    await logged('reloaded the workspace: flows: changed save');
    onec.setFault();
    await send('4');
    await until('all calls', () => onec.stats().done === 4);
    expect(await json('parked', 'ls')).toEqual([]);
    rmSync(path.join(workspace.path, 'flows/save.yaml'));
    await logged('flows: removed save');
  });
});
