import { readFile } from 'node:fs/promises';
import { createRequire, register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyPlugin } from '@sluice/plugin-api';
import satisfies from 'semver/functions/satisfies.js';

/** The version of @sluice/plugin-api that this host supports. */
const PLUGIN_API = '1.0.0';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export interface PluginProblem {
  /** The entry in `plugins:` of sluice.yaml. */
  readonly specifier: string;
  readonly message: string;
}

export interface LoadedPlugins {
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly problems: readonly PluginProblem[];
}

/**
 * Loads plugins by package name or folder. Each is checked in this order: found, manifest, contract version, export, name, name free.
 * A plugin that cannot be used becomes a problem with its name; the others are still loaded.
 */
export async function loadPlugins(directory: string, specifiers: readonly string[]): Promise<LoadedPlugins> {
  const plugins = new Map<string, AnyPlugin>();
  const problems: PluginProblem[] = [];
  for (const specifier of specifiers) {
    try {
      const plugin = await loadPlugin(directory, specifier);
      if (plugins.has(plugin.name)) throw new Error(`another plugin is called "${plugin.name}" already`);
      plugins.set(plugin.name, plugin);
    } catch (error) {
      problems.push({ specifier, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { plugins, problems };
}

interface Manifest {
  readonly name?: string;
  readonly exports?: unknown;
  readonly sluice?: { readonly api?: string };
}

async function loadPlugin(directory: string, specifier: string): Promise<AnyPlugin> {
  const found = await locate(directory, specifier);
  const manifest = JSON.parse(await readFile(path.join(found.root, 'package.json'), 'utf8')) as Manifest;
  const api = manifest.sluice?.api;
  if (api === undefined) throw new Error('its package.json has no "sluice": { "api": "^1" }');
  if (!satisfies(PLUGIN_API, api))
    throw new Error(`it is written for the plugin contract ${api}, and this host speaks ${PLUGIN_API}`);
  letSeeOurPackages(found.entry);
  const loaded = (await import(pathToFileURL(found.entry).href)) as { plugin?: AnyPlugin };
  const { plugin } = loaded;
  if (typeof plugin !== 'object' || typeof plugin.open !== 'function')
    throw new Error('it does not export "plugin" made by definePlugin');
  if (!NAME.test(plugin.name)) throw new Error(`its name "${plugin.name}" is not lower-case words joined by dashes`);
  const expected = (manifest.name ?? path.basename(found.root)).replace(/^@[^/]+\//, '').replace(/^(sluice-)?plugin-/, '');
  if (plugin.name !== expected)
    throw new Error(`its name is "${plugin.name}", and its package is called "${manifest.name ?? expected}": they must match`);
  return plugin;
}

interface Found {
  readonly root: string;
  readonly entry: string;
}

function locate(directory: string, specifier: string): Promise<Found> {
  return specifier.startsWith('.') ? inFolder(path.resolve(directory, specifier)) : installed(directory, specifier);
}

/** Resolves the package by its own name from its folder, so that its `exports` apply as for an installed package. */
async function inFolder(root: string): Promise<Found> {
  const manifest = path.join(root, 'package.json');
  const text = await readFile(manifest, 'utf8').catch(() => {
    throw new Error(`there is no package.json in ${root}`);
  });
  const { name, exports } = JSON.parse(text) as Manifest;
  if (name === undefined) throw new Error('its package.json has no name');
  // a package without exports cannot resolve itself
  const entry = resolveFrom(pathToFileURL(manifest).href, exports === undefined ? root : name);
  if (entry === undefined) throw new Error('the entry that its package.json names is not there: build it first');
  return { root, entry };
}

/** Resolves a package in the workspace first, then among the packages of the host. */
async function installed(directory: string, name: string): Promise<Found> {
  const places = [pathToFileURL(path.join(path.resolve(directory), 'sluice.yaml')).href, import.meta.url];
  for (const place of places) {
    const entry = resolveFrom(place, name);
    if (entry !== undefined) return { root: await packageRoot(entry), entry };
  }
  throw new Error(`it is not installed. Is the name right? Then: npm install ${name}`);
}

function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') return undefined;
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
      throw new Error('the "exports" of its package.json contain no "." under "default"', { cause: error });
    throw error;
  }
}

async function packageRoot(entry: string): Promise<string> {
  for (let at = path.dirname(entry); ; at = path.dirname(at)) {
    const manifest = await readFile(path.join(at, 'package.json'), 'utf8').catch(() => undefined);
    // a package.json without a name only sets the module type of a folder
    if (manifest !== undefined && (JSON.parse(manifest) as Manifest).name !== undefined) return at;
    if (at === path.dirname(at)) throw new Error('it has no package.json with a name');
  }
}

/** The package that all plugins import. */
const CONTRACT = '@sluice/plugin-api';
let registered = false;

/**
 * Resolves imports of our packages from here for plugins outside of this installation. Applies to the whole process and is registered only
 * if needed, because each import then goes through a separate thread, which doubles the time of loading a module.
 */
function letSeeOurPackages(entry: string): void {
  const seen = resolveFrom(pathToFileURL(entry).href, CONTRACT);
  if (registered || (seen !== undefined && seen === resolveFrom(import.meta.url, CONTRACT))) return;
  registered = true;
  const source = `
    const host = ${JSON.stringify(import.meta.url)};
    export async function resolve(specifier, context, next) {
      try { return await next(specifier, context); }
      catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/^[@a-z]/.test(specifier)) throw error;
        return next(specifier, { ...context, parentURL: host });
      }
    }`;
  register(`data:text/javascript,${encodeURIComponent(source)}`);
}
