import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readWorkspaceFiles } from './workspace-files.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'workspace-files-'));
  await mkdir(path.join(folder, 'flows'));
  await writeFile(path.join(folder, 'sluice.yaml'), 'sluice: 1\n');
});
afterEach(() => rm(folder, { recursive: true }));

const names = async () => (await readWorkspaceFiles(folder)).flows.map(({ file }) => file);
const write = (name: string) => writeFile(path.join(folder, name), `# ${name}\n`);

describe('readWorkspaceFiles', () => {
  it('reads a flow to which a link leads', async () => {
    await write('common.yaml');
    await symlink('../common.yaml', path.join(folder, 'flows/linked.yaml'));
    expect(await names()).toEqual(['flows/linked.yaml']);
  });

  it('reads each file of a mounted ConfigMap once', async () => {
    const mount = path.join(folder, 'flows');
    await mkdir(path.join(mount, '..2026'));
    await write('flows/..2026/orders.yaml');
    await symlink('..2026', path.join(mount, '..data'));
    await symlink('..data/orders.yaml', path.join(mount, 'orders.yaml'));
    expect(await names()).toEqual(['flows/orders.yaml']);
  });

  it('ignores locks and copies of editors, and folders whose names end like a file', async () => {
    await write('flows/orders.yaml');
    await write('flows/.orders.yaml');
    await symlink('me@host.1234', path.join(folder, 'flows/.#orders.yaml'));
    await mkdir(path.join(folder, 'flows/folder.yaml'));
    await symlink('folder.yaml', path.join(folder, 'flows/link.yaml'));
    expect(await names()).toEqual(['flows/orders.yaml']);
  });

  it('rejects with the name of a link to a missing file', async () => {
    await symlink('nowhere.yaml', path.join(folder, 'flows/orders.yaml'));
    await expect(names()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'flows/orders.yaml cannot be read: it is a link to a missing file',
    });
  });

  it('reads files with tests only where they are asked for, so that they never keep a host from starting', async () => {
    await write('flows/orders.yaml');
    await write('flows/orders.test.yaml');
    expect(await names()).toEqual(['flows/orders.yaml']);
    const { flows } = await readWorkspaceFiles(folder, { tests: true });
    expect(flows.map(({ file }) => file)).toEqual(['flows/orders.test.yaml', 'flows/orders.yaml']);
  });
});
