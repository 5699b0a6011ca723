import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startOnec, type Onec } from '@sluice/emulator';
import { ask } from '../support/api.js';
import { sluice } from '../support/cli.js';
import { HostProcess } from '../support/host.js';
import { SAVE_FLOW, erpWorkspace } from '../support/samples.js';
import { until } from '../support/until.js';
import { makeFolder, makeWorkspace, type Folder } from '../support/workspace.js';

const BROKEN = SAVE_FLOW.replace('steps:', 'stepz:');

let onec: Onec;
let home: Folder;
let workspace: Folder;
let host: HostProcess;
beforeEach(async () => {
  onec = await startOnec({ port: 0 });
  home = makeFolder('home');
  workspace = makeWorkspace({ 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW });
  host = new HostProcess({ workspace: workspace.path, home: home.path, env: { ERP_URL: `${onec.url}/base/hs/gate` } });
});
afterEach(async () => {
  await host.dispose();
  await onec.close();
  workspace.remove();
  home.remove();
});

const write = (text: string) => writeFileSync(path.join(workspace.path, 'flows/save.yaml'), text);
const logged = (text: string) => until(`"${text}" in the log`, () => host.output.includes(text));

async function deliversAnOrder(): Promise<void> {
  const before = onec.stats().done;
  const sent = await ask(`${host.url}/events/order.created`, { method: 'POST', body: '{"number":"1"}' });
  expect(sent.status).toBe(202);
  await until('the call of 1C', () => onec.stats().done === before + 1);
}

describe('invalid changes to files of the workspace', () => {
  it('reports an invalid file in the log, in status and in doctor', async () => {
    await host.start();
    write(`${SAVE_FLOW}\n# another comment\n`);
    await logged('flows/save.yaml changed');
    for (const command of ['status', 'doctor']) {
      const { stdout } = await sluice(host.url ?? '', command, ...(command === 'doctor' ? ['--workspace', workspace.path] : []));
      expect(stdout).toMatch(/flows\/save\.yaml changed.*sluice reload/);
    }

    write(BROKEN);
    await logged('flows/save.yaml:5:1');
    expect((await sluice(host.url ?? '', 'status')).stdout).toMatch(/flows\/save\.yaml:5:1 .*sluice lint/);
    await deliversAnOrder();
  });

  it('starts with the last good copy and reports that everywhere', async () => {
    await host.start();
    await host.stop();
    write(BROKEN);
    await host.start();
    expect(host.output).toMatch(/"level":50.*flows\/save\.yaml:5:1 .*the host runs the copy of/);
    await deliversAnOrder();
    const { stdout, code } = await sluice(host.url ?? '', 'doctor', '--workspace', workspace.path);
    expect(stdout).toMatch(/^problem +workspace: .*flows\/save\.yaml:5:1 /m);
    expect(code).toBe(1);
    expect((await sluice(host.url ?? '', 'status')).stdout).toMatch(/the host runs the copy of/);
    expect((await ask(`${host.url}/health/ready`)).body).toMatchObject({ status: 'ok', workspace: 'last good copy' });

    await host.stop();
    write(SAVE_FLOW);
    await host.start();
    expect((await ask(`${host.url}/health/ready`)).body).toMatchObject({ workspace: 'current' });
  });

  it('refuses a first start, and a start with another workspace', async () => {
    write(BROKEN);
    await expect(host.start()).rejects.toThrow(/flows\/save\.yaml:5:1/);

    write(SAVE_FLOW);
    await host.start();
    await host.stop();
    const other = makeWorkspace({ 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': BROKEN });
    const elsewhere = new HostProcess({ workspace: other.path, home: home.path, env: { ERP_URL: onec.url } });
    try {
      await expect(elsewhere.start()).rejects.toThrow(/flows\/save\.yaml:5:1/);
    } finally {
      await elsewhere.dispose();
      other.remove();
    }
  });

  it('replaces also sluice.yaml by its copy, but not a missing workspace', async () => {
    await host.start();
    await host.stop();
    writeFileSync(path.join(workspace.path, 'sluice.yaml'), erpWorkspace().replace('connections:', 'connection:'));
    await host.start();
    await deliversAnOrder();
    await host.stop();
    rmSync(path.join(workspace.path, 'sluice.yaml'));
    await expect(host.start()).rejects.toThrow(/there is no sluice\.yaml/);
  });
});
