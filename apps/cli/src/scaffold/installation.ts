import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { SAMPLE_WORKSPACE } from '../host/sample-workspace.js';

/** The packages that build a plugin and test it. */
export const PLUGIN_TOOLS = [
  '@jest/globals',
  '@sluice/plugin-api',
  '@sluice/testing',
  '@sluice/web-client',
  '@types/node',
  'jest',
  'typescript',
  'zod',
] as const;

/** Returns the path of this installation as seen from a folder. */
export function installationFrom(folder: string): string {
  return relative(folder, SAMPLE_WORKSPACE);
}

/** Whether Node and npx find a package from a folder: in a `node_modules` of the folder or above it. */
export function isInstalled(folder: string, name: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (existsSync(path.join(at, 'node_modules', name))) return true;
    if (at === path.dirname(at)) return false;
  }
}

/** Returns the dependency by which npm links a package of this installation. npm needs no network for it. */
export function linkTo(folder: string, name: string): string {
  return `file:${relative(folder, realpathSync(path.join(SAMPLE_WORKSPACE, 'node_modules', name)))}`;
}

/** Returns the names of the plugins of this installation, in alphabetical order. */
export function installedPlugins(): readonly string[] {
  return readdirSync(path.join(SAMPLE_WORKSPACE, 'node_modules/@sluice'))
    .flatMap((name) => /^plugin-(?!api$)(.+)$/.exec(name)?.[1] ?? [])
    .sort();
}

/** Returns the version of a package of this installation. */
export function versionOf(name: string): string {
  const manifest = readFileSync(path.join(SAMPLE_WORKSPACE, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function relative(folder: string, target: string): string {
  return (path.relative(path.resolve(folder), target) || '.').split(path.sep).join('/');
}
