import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../exit.js';
import { isInstalled, linkTo, PLUGIN_TOOLS } from './installation.js';

/** Returns the package.json of the workspace with links to the tools that Node does not find there; undefined when it finds all. */
export async function manifestWithTools(workspace: string): Promise<string | undefined> {
  const missing = PLUGIN_TOOLS.filter((tool) => !isInstalled(workspace, tool));
  if (missing.length === 0) return undefined;
  const file = path.join(workspace, 'package.json');
  const text = await readFile(file, 'utf8').catch(() => '{ "private": true, "type": "module" }');
  const manifest = readManifest(file, text);
  const tools = Object.fromEntries(missing.map((tool) => [tool, linkTo(workspace, tool)]));
  const workspaces = [...new Set([...(manifest.workspaces ?? []), 'plugins/*'])];
  const changed = { ...manifest, workspaces, devDependencies: { ...manifest.devDependencies, ...tools } };
  return `${JSON.stringify(changed, undefined, 2)}\n`;
}

interface Manifest {
  readonly workspaces?: readonly string[];
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function readManifest(file: string, text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new CommandError(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
}
