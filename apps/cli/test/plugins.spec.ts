import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { compileWorkspace, parseWorkspaceFile } from '@sluice/flow';
import type { AnyPlugin } from '@sluice/plugin-api';
import { plugin as asterisk } from '@sluice/plugin-asterisk-ami';
import { plugin as conversations } from '@sluice/plugin-conversations';
import { plugin as http } from '@sluice/plugin-http';
import { plugin as onecHttp } from '@sluice/plugin-onec-http';
import { plugin as onecSoap } from '@sluice/plugin-onec-soap';
import { plugin as gateway } from '@sluice/plugin-tcp-gateway';
import { plugin as timeline } from '@sluice/plugin-timeline';
import { optionTables, replaceOptions } from '../../../scripts/lib/option-tables.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const HEADINGS = ['What it does', 'Smallest flow', 'Options', 'Delivery semantics', 'Limits', 'When it fails'];
const PLUGINS: readonly AnyPlugin[] = [asterisk, conversations, http, onecHttp, onecSoap, gateway, timeline];
/** Connectors that are a server themselves: there is no remote system that could refuse, be slow or close a connection. */
const SERVERS = ['tcp-gateway'];
const byName = new Map(PLUGINS.map((plugin) => [plugin.name, plugin]));
const folders = readdirSync(path.join(ROOT, 'plugins'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const fileOf = (name: string, file: string) => readFileSync(path.join(ROOT, 'plugins', name, file), 'utf8');
const source = (file: string, text: string) => ({ file, text, bytes: Buffer.from(text) });
const testsOf = (name: string): string =>
  readdirSync(path.join(ROOT, 'plugins', name), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.spec\.ts$/.test(file) && !/(^|[\\/])(dist|node_modules)[\\/]/.test(file))
    .map((file) => fileOf(name, file))
    .join('\n');

describe('connectors of this repository', () => {
  it('are all known to this test', () => {
    expect(folders).toEqual([...byName.keys()].sort());
  });

  it('are named in plugins/README.md', () => {
    const page = readFileSync(path.join(ROOT, 'plugins/README.md'), 'utf8');
    expect(folders.filter((name) => !page.includes(`(${name}/README.md)`))).toEqual([]);
    const files = [...page.matchAll(/\]\(([^)#:]+)\)/g)].map(([, file]) => String(file));
    expect(files.filter((file) => !existsSync(path.join(ROOT, 'plugins', file)))).toEqual([]);
  });
});

describe.each(folders)('connector %s', (name) => {
  const plugin = byName.get(name) as AnyPlugin;
  const members = [...Object.entries(plugin.actions), ...Object.entries(plugin.triggers)];

  it('has one name in its folder, its package and definePlugin', () => {
    expect(JSON.parse(fileOf(name, 'package.json'))).toMatchObject({ name: `@sluice/plugin-${name}`, sluice: { api: '^1' } });
    expect(plugin.name).toBe(name);
  });

  it('has a README with the six headings in order', () => {
    const found = fileOf(name, 'README.md')
      .split('\n')
      .filter((line) => line.startsWith('## '))
      .map((line) => line.slice(3));
    expect(found).toEqual(HEADINGS);
  });

  it('has a title for each action and trigger, and names each in its README', () => {
    const readme = fileOf(name, 'README.md');
    expect(members.filter(([, { title }]) => title.trim() === '').map(([member]) => member)).toEqual([]);
    expect(members.filter(([member]) => !readme.includes(member)).map(([member]) => member)).toEqual([]);
  });

  it('describes each option, and its README contains the tables of the schemas', () => {
    const readme = fileOf(name, 'README.md');
    expect(replaceOptions(readme, optionTables(plugin))).toBe(readme);
  });

  it('has a smallest flow that passes the lint', () => {
    const sample = readFileSync(path.join(ROOT, 'sluice.yaml'), 'utf8');
    // its example calls the web services of 1C `erp`, and the sample workspace the HTTP services
    const settings = name === 'onec-soap' ? sample.replace('  erp:', '  other:').replace('  erp-ws:', '  erp:') : sample;
    const { file: workspace } = parseWorkspaceFile(source('sluice.yaml', settings));
    const flows = [source('smallest.yaml', fileOf(name, 'examples/smallest.yaml'))];
    if (!workspace) throw new Error('sluice.yaml cannot be read');
    const { findings } = compileWorkspace({ workspace, flows, plugins: byName, env: {} });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('passes its actions and its triggers to the contract tests', () => {
    const tests = testsOf(name);
    const calls = (suite: string) => new RegExp(`\\b${suite}\\(`).test(tests);
    const listens = Object.values(plugin.triggers).some((trigger) => 'subscribe' in trigger);
    expect({
      actions: SERVERS.includes(name) || Object.keys(plugin.actions).length === 0 || calls('actionContract'),
      triggers: SERVERS.includes(name) || !listens || calls('triggerContract'),
    }).toEqual({ actions: true, triggers: true });
  });
});
