import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadPlugins } from './plugin-loader.js';

const GOOD = `export const plugin = { name: 'NAME', open: async () => ({ close: async () => {} }), triggers: {}, actions: {} };`;

let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(path.join(tmpdir(), 'sluice-plugins-'));
});
afterAll(() => rm(workspace, { recursive: true }));

async function write(folder: string, code: string, manifest: object = { sluice: { api: '^1' } }): Promise<string> {
  const at = path.join(workspace, 'plugins', folder);
  await mkdir(at, { recursive: true });
  await writeFile(
    path.join(at, 'package.json'),
    JSON.stringify({ name: `sluice-plugin-${folder}`, type: 'module', main: 'index.js', ...manifest }),
  );
  await writeFile(path.join(at, 'index.js'), code);
  return `./plugins/${folder}`;
}

const problemOf = async (specifier: string) => (await loadPlugins(workspace, [specifier])).problems[0]?.message;

describe('plugin loader', () => {
  it('loads a folder of the workspace', async () => {
    const { plugins, problems } = await loadPlugins(workspace, [await write('mine', GOOD.replace('NAME', 'mine'))]);
    expect(problems).toEqual([]);
    expect([...plugins.keys()]).toEqual(['mine']);
  });

  it('loads a folder whose entry is named only by exports', async () => {
    const manifest = { main: undefined, exports: { '.': { default: './index.js' } }, sluice: { api: '^1' } };
    const { plugins, problems } = await loadPlugins(workspace, [await write('modern', GOOD.replace('NAME', 'modern'), manifest)]);
    expect(problems).toEqual([]);
    expect([...plugins.keys()]).toEqual(['modern']);
  });

  it.each<[string, () => Promise<string>, string]>([
    ['in a folder that is not there', async () => './plugins/nowhere', 'there is no package.json in'],
    [
      'that is not built',
      () => write('unbuilt', GOOD, { exports: './dist/index.js', sluice: { api: '^1' } }),
      'the entry that its package.json names is not there: build it first',
    ],
    [
      'that is not installed',
      async () => '@nobody/plugin-nothing',
      'it is not installed. Is the name right? Then: npm install @nobody/plugin-nothing',
    ],
    ['without the mark of a plugin', () => write('unmarked', GOOD, { sluice: {} }), 'its package.json has no "sluice"'],
    [
      'for another contract',
      () => write('future', GOOD.replace('NAME', 'future'), { sluice: { api: '^9' } }),
      'written for the plugin contract ^9',
    ],
    ['without the export', () => write('empty', 'export const other = 1;'), 'it does not export "plugin"'],
    [
      'with another name than its package',
      () => write('one', GOOD.replace('NAME', 'two')),
      'its name is "two", and its package is called "sluice-plugin-one"',
    ],
    ['that throws when it is loaded', () => write('broken', `throw new Error('no licence file');`), 'no licence file'],
  ])('rejects a plugin %s with the reason', async (_title, make, expected) => {
    expect(await problemOf(await make())).toContain(expected);
  });

  it('loads the other plugins after a failure', async () => {
    const loaded = await loadPlugins(workspace, ['@nobody/plugin-nothing', await write('fine', GOOD.replace('NAME', 'fine'))]);
    expect([...loaded.plugins.keys()]).toEqual(['fine']);
    expect(loaded.problems.map((problem) => problem.specifier)).toEqual(['@nobody/plugin-nothing']);
  });

  it('rejects a second plugin with the same name', async () => {
    const twice = await write('twice', GOOD.replace('NAME', 'twice'));
    expect((await loadPlugins(workspace, [twice, twice])).problems[0]?.message).toBe('another plugin is called "twice" already');
  });
});
