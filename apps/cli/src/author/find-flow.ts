import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Flow, Workspace } from '@sluice/flow';
import { compileFiles, readWorkspaceEnv, readWorkspaceFiles, type LoadedWorkspace } from '@sluice/host/workspace';
import { CommandError, UsageError } from '../exit.js';
import { findingsText } from '../terminal/findings-text.js';
import { print } from '../terminal/print.js';
import { listedNames, nameHint } from '../unknown-name.js';
import { compileOffline } from './compile-offline.js';

export interface FoundFlow {
  readonly flow: Flow;
  readonly workspace: Workspace;
  readonly loaded: LoadedWorkspace;
}

/**
 * Loads the workspace and finds a flow in it.
 *
 * @param named the name of a flow, or a file with one flow, which may lie outside of the workspace
 * @param options `standIns`: variables that the environment does not have get a stand-in value, because no connection is opened
 * @throws CommandError when the flows have errors, which are printed; UsageError when there is no such flow
 */
export async function findFlow(
  directory: string,
  named: string,
  { standIns }: { readonly standIns: boolean },
): Promise<FoundFlow> {
  const file = await fileOf(directory, named);
  const own = await readWorkspaceFiles(directory);
  const isOutside = file !== undefined && own.flows.every((one) => one.file !== file);
  const added = isOutside ? [{ file, bytes: await readFile(path.resolve(directory, file)) }] : [];
  const files = { ...own, flows: [...own.flows, ...added] };
  const loaded = standIns ? await compileOffline(directory, files) : await compileFiles(directory, files, readWorkspaceEnv());
  const { workspace } = loaded;
  if (!workspace) {
    print(findingsText(loaded.findings.filter(({ severity }) => severity === 'error')));
    throw new CommandError('the flows have errors, so they cannot run: correct them first');
  }
  return { flow: pick(workspace.flows, named, file), workspace, loaded };
}

/** Returns the path of the file relative to the workspace, as findings name it; undefined when the text is not the name of a file. */
async function fileOf(directory: string, named: string): Promise<string | undefined> {
  if (!/\.ya?ml$/i.test(named) && !/[\\/]/.test(named)) return undefined;
  const isFile = (await stat(named).catch(() => undefined))?.isFile() ?? false;
  if (isFile) return path.relative(directory, named).split(path.sep).join('/');
  const { flows } = await readWorkspaceFiles(directory);
  const names = flows.map(({ file }) => path.join(path.relative('.', directory), file));
  throw new UsageError(`there is no file ${named}: ${nameHint(named, names, 'files with flows')}`);
}

function pick(flows: readonly Flow[], named: string, file: string | undefined): Flow {
  const found = flows.filter(({ name, location }) => (file === undefined ? name === named : location.file === file));
  const [first, second] = found;
  if (first && !second) return first;
  const names = found.length > 0 ? found.map(({ name }) => name) : flows.map(({ name }) => name);
  if (first) throw new UsageError(`${named} has ${found.length} flows: name one of them: ${listedNames(names)}`);
  if (file !== undefined) throw new UsageError(`${named} has no flow`);
  throw new UsageError(`there is no flow "${named}": ${nameHint(named, names, 'flows')}`);
}
