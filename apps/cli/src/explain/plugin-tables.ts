import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CodeRow, PluginTable } from './catalogue.js';

/** Our connectors, whose codes are explained in every folder. */
const OURS = ['asterisk-ami', 'conversations', 'http', 'onec-http', 'onec-soap', 'tcp-gateway', 'timeline'];

/**
 * Loads the tables of codes of our connectors and of the plugins that sluice.yaml of a folder names. A plugin exports the functions of its
 * codes from `<package>/failures`; one that does not has no codes of its own. Loads no other module of a plugin.
 */
export async function pluginTables(directory: string): Promise<readonly PluginTable[]> {
  const named = await pluginsOf(directory);
  const ours = OURS.map((name) => `@sluice/plugin-${name}`);
  const tables = [...new Set([...ours, ...named])].map((specifier) => tableOf(specifier, directory));
  return (await Promise.all(tables)).filter((table) => table !== undefined);
}

/** Returns the packages of `plugins` in sluice.yaml; none when there is no such file or it cannot be read. */
async function pluginsOf(directory: string): Promise<readonly string[]> {
  try {
    const bytes = await readFile(path.join(directory, 'sluice.yaml'));
    const { parseWorkspaceFile } = await import('@sluice/flow');
    return parseWorkspaceFile({ file: 'sluice.yaml', bytes }).file?.plugins.map(({ name }) => name) ?? [];
  } catch {
    return [];
  }
}

async function tableOf(specifier: string, directory: string): Promise<PluginTable | undefined> {
  const file = resolved(`${specifier}/failures`, directory);
  if (file === undefined) return undefined;
  const plugin = path.basename(specifier).replace(/^(sluice-)?plugin-/, '');
  try {
    return { plugin, codes: rowsOf((await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>) };
  } catch {
    return undefined;
  }
}

function resolved(specifier: string, directory: string): string | undefined {
  for (const place of [pathToFileURL(path.resolve(directory, 'sluice.yaml')).href, import.meta.url]) {
    try {
      return createRequire(place).resolve(specifier);
    } catch {
      // a plugin in a folder, one that is not installed, or one without this entry
    }
  }
  return undefined;
}

/** Returns the rows of the tables that a module exports. The function of a code creates an error that carries its fate and its cure. */
export function rowsOf(module: Readonly<Record<string, unknown>>): Readonly<Record<string, CodeRow>> {
  const functions = Object.values(module).flatMap((value) =>
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  return Object.fromEntries(
    functions
      .filter(([, create]) => typeof create === 'function')
      .map(([code, create]) => {
        const { fate, cure } = (create as (message: string) => CodeRow)('');
        return [code, { fate, cure }];
      }),
  );
}
