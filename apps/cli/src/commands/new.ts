import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseWorkspaceFile, type WorkspaceFile } from '@sluice/flow';
import { loadPlugins } from '@sluice/host/workspace';
import { Option, type Command } from 'commander';
import { CommandError } from '../exit.js';
import { connectionEntry } from '../scaffold/connection-entry.js';
import { installedPlugins, versionOf } from '../scaffold/installation.js';
import { checkedName } from '../scaffold/names.js';
import { createFiles, replaceFile } from '../scaffold/new-files.js';
import { manifestWithTools } from '../scaffold/plugin-manifest.js';
import { withConnection, withPlugin } from '../scaffold/settings-edits.js';
import { filled, filledFolder } from '../scaffold/templates.js';
import { nameHint } from '../unknown-name.js';
import { print } from '../terminal/print.js';

/** The kinds of flows, each with the plugins whose connections it needs, under the word of its template. */
const TRIGGERS = {
  event: {},
  http: {},
  schedule: {},
  flow: {},
  asterisk: { asterisk: 'asterisk-ami' },
  desktop: { desktop: 'tcp-gateway' },
  timeline: { timeline: 'timeline' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
type Trigger = keyof typeof TRIGGERS;

/** A usual name of a connection, for the command that a message prints. */
const USUAL_NAMES: Readonly<Record<string, string>> = {
  'onec-http': 'erp',
  'asterisk-ami': 'pbx',
  'tcp-gateway': 'desktops',
  timeline: 'journal',
};

export function addNew(command: Command): void {
  const workspace = new Option('--workspace <dir>', 'folder with sluice.yaml and flows/').default('.');
  command
    .command('flow')
    .description('a flow with tests, in flows/NAME.yaml')
    .argument('<name>', 'name of the flow, such as incoming-call')
    .addOption(new Option('--trigger <kind>', 'source of its events').choices(Object.keys(TRIGGERS)).default('event'))
    .option('--connection <name>', 'connection of onec-http that it calls; the first one when absent')
    .addOption(workspace)
    .action(newFlow);
  command
    .command('connection')
    .description('a connection in sluice.yaml')
    .argument('<name>', 'name of the connection, such as erp')
    .requiredOption('--plugin <plugin>', 'plugin: its name, such as onec-http, its package, or ./folder')
    .addOption(workspace)
    .action(newConnection);
  command
    .command('plugin')
    .description('a connector in TypeScript with its tests, in plugins/NAME')
    .argument('<name>', 'name of the plugin, such as sms')
    .addOption(workspace)
    .action(newPlugin);
}

interface FlowFlags {
  readonly trigger: Trigger;
  readonly connection?: string;
  readonly workspace: string;
}

async function newFlow(given: string, { trigger, connection, workspace }: FlowFlags): Promise<void> {
  const name = checkedName('flow', given);
  const { file } = await readSettings(workspace);
  await refuseKnownFlow(workspace, name);
  if (trigger === 'http' && !hasPlugin(file, 'http'))
    throw new CommandError("a flow with this trigger needs the plugin http: add '@sluice/plugin-http' to plugins in sluice.yaml");
  const needed: Readonly<Record<string, string>> = TRIGGERS[trigger];
  const connections = Object.fromEntries(
    Object.entries(needed).map(([word, plugin]) => [word, connectionOf(file, plugin, undefined)]),
  );
  const target = `flows/${name}.yaml`;
  const text = await filled(`flow/${trigger}.yaml`, {
    ...connections,
    name,
    onec: connectionOf(file, 'onec-http', connection),
    type: `${name.replaceAll('-', '.')}.received`,
    timezone: file.draft.settings.timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  await createFiles(workspace, [{ file: target, text }]);
  const shown = path.join(workspace, target);
  const elsewhere = workspace === '.' ? '' : ` --workspace ${workspace}`;
  print(`created ${shown}, with its tests: change it, then run`);
  print(`  npx sluice lint ${shown}${elsewhere}\n  npx sluice test ${shown}${elsewhere}`);
}

async function newConnection(given: string, { plugin: wanted, workspace }: { plugin: string; workspace: string }): Promise<void> {
  const name = checkedName('connection', given);
  const { file, text } = await readSettings(workspace);
  if (file.draft.connections.some((one) => one.name === name))
    throw new CommandError(`sluice.yaml has a connection "${name}" already: choose another name`);
  const specifier = specifierOf(file, wanted, workspace);
  const { plugins, problems } = await loadPlugins(workspace, [specifier]);
  const [plugin] = plugins.values();
  if (!plugin) throw new CommandError(`the plugin ${wanted} cannot be used: ${problems[0]?.message ?? 'it is not found'}`);
  const { lines, variables } = connectionEntry(name, plugin);
  const isNamed = file.plugins.some((one) => one.name === specifier);
  await replaceFile(path.join(workspace, 'sluice.yaml'), withConnection(isNamed ? text : withPlugin(text, specifier), lines));
  const added = isNamed ? `connection ${name}` : `plugin ${specifier} and connection ${name}`;
  print(`added ${added} to ${path.join(workspace, 'sluice.yaml')}`);
  if (variables.length > 0) print(`set ${variables.join(', ')}, then check it with: npx sluice doctor`);
}

async function newPlugin(given: string, { workspace }: { workspace: string }): Promise<void> {
  const name = checkedName('plugin', given);
  await readSettings(workspace);
  const folder = path.join(workspace, 'plugins', name);
  if (existsSync(folder)) throw new CommandError(`${folder} exists already: choose another name`);
  const files = await filledFolder('plugin', {
    name,
    CODE: name.toUpperCase().replaceAll('-', '_'),
    version: versionOf('@sluice/plugin-api'),
    zod: versionOf('zod'),
  });
  const manifest = await manifestWithTools(workspace);
  await createFiles(folder, files);
  if (manifest !== undefined) await replaceFile(path.join(workspace, 'package.json'), manifest);
  print(`created ${folder}: ${files.map(({ file }) => file).join(', ')}`);
  print('next:');
  if (workspace !== '.') print(`  cd ${workspace}`);
  if (manifest !== undefined) print('  npm install      # links TypeScript and the tests of this installation; needs no network');
  print(`  cd plugins/${name}\n  npm test         # builds the plugin and runs its contract tests`);
  print(`then, in the workspace: npx sluice new connection ${name} --plugin ./plugins/${name}`);
}

/** @throws CommandError when the folder is no workspace, or its sluice.yaml has errors */
async function readSettings(workspace: string): Promise<{ readonly file: WorkspaceFile; readonly text: string }> {
  const name = path.join(workspace, 'sluice.yaml');
  const bytes = await readFile(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    const at = path.resolve(workspace);
    throw new CommandError(`${at} is no workspace: create one with "sluice init DIR", or name one with --workspace DIR`);
  });
  const { file, findings } = parseWorkspaceFile({ file: 'sluice.yaml', bytes });
  if (!file || findings.some(({ severity }) => severity === 'error'))
    throw new CommandError(`${name} has errors: run "sluice lint" and correct them first`);
  return { file, text: bytes.toString() };
}

async function refuseKnownFlow(workspace: string, name: string): Promise<void> {
  const { readWorkspaceFiles } = await import('@sluice/host/workspace');
  const { flows } = await readWorkspaceFiles(workspace);
  const known = flows.find(({ bytes }) =>
    new RegExp(`^flow:\\s+(["']?)${name}\\1\\s*(#.*)?$`, 'm').test(Buffer.from(bytes).toString()),
  );
  if (known) throw new CommandError(`the flow "${name}" is in ${known.file} already: choose another name`);
}

function hasPlugin(file: WorkspaceFile, plugin: string): boolean {
  return file.plugins.some(({ name }) => name.replace(/^.*[/-]plugin-/, '') === plugin || path.basename(name) === plugin);
}

/** Returns the named connection of a plugin, or the first one. */
function connectionOf(file: WorkspaceFile, plugin: string, wanted: string | undefined): string {
  const fitting = file.draft.connections.filter((one) => one.plugin === plugin).map((one) => one.name);
  const found = wanted === undefined ? fitting[0] : fitting.find((one) => one === wanted);
  if (found !== undefined) return found;
  const name = wanted ?? USUAL_NAMES[plugin] ?? plugin;
  const others = fitting.length > 0 ? `; ${nameHint(name, fitting, 'connections')}` : '';
  throw new CommandError(
    `the flow needs a connection${wanted === undefined ? '' : ` "${wanted}"`} of ${plugin}, and sluice.yaml has none${others}: sluice new connection ${name} --plugin ${plugin}`,
  );
}

/** Returns the entry of `plugins` for a name, a package or a folder. */
function specifierOf(file: WorkspaceFile, wanted: string, workspace: string): string {
  if (/^[.@]|\//.test(wanted)) return wanted;
  const named = file.plugins.find(({ name }) => name === wanted || path.basename(name).replace(/^plugin-/, '') === wanted);
  if (named) return named.name;
  if (existsSync(path.join(workspace, 'plugins', wanted, 'package.json'))) return `./plugins/${wanted}`;
  const known = installedPlugins();
  if (known.includes(wanted)) return `@sluice/plugin-${wanted}`;
  throw new CommandError(`no plugin is called "${wanted}": ${nameHint(wanted, known, 'plugins')}`);
}
