import { readFile, realpath, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeHome } from './home.js';
import { z } from 'zod';
import type { WorkspaceFiles } from './workspace-files.js';

/** In SLUICE_HOME. sluice.yaml may hold a password: no other user may read the copy. */
const FILE = 'last-good.json';
const MODE = 0o600;

const sourceText = z.object({ file: z.string(), text: z.string() });
const kept = z.object({ directory: z.string(), keptAt: z.iso.datetime(), settings: sourceText, flows: z.array(sourceText) });

export interface LastGood {
  readonly files: WorkspaceFiles;
  readonly keptAt: Date;
}

/** Saves the sources of a started workspace in the home of the host and replaces the previous copy. */
export async function keepLastGood(home: string, directory: string, { settings, flows }: WorkspaceFiles): Promise<void> {
  const asText = ({ file, bytes }: WorkspaceFiles['settings']) => ({ file, text: Buffer.from(bytes).toString() });
  const copy: z.input<typeof kept> = {
    directory: await realpath(directory),
    keptAt: new Date().toISOString(),
    settings: asText(settings),
    flows: flows.map(asText),
  };
  await makeHome(home);
  const target = path.join(home, FILE);
  // a host that dies while writing must not leave an incomplete copy
  await writeFile(`${target}.new`, JSON.stringify(copy), { mode: MODE });
  await rename(`${target}.new`, target);
}

/** Returns the saved sources of this workspace; undefined when they are missing or cannot be read. */
export async function readLastGood(home: string, directory: string): Promise<LastGood | undefined> {
  try {
    const copy = kept.parse(JSON.parse(await readFile(path.join(home, FILE), 'utf8')));
    if (copy.directory !== (await realpath(directory))) return undefined;
    const asSource = ({ file, text }: z.output<typeof sourceText>) => ({ file, bytes: Buffer.from(text) });
    return { files: { settings: asSource(copy.settings), flows: copy.flows.map(asSource) }, keptAt: new Date(copy.keptAt) };
  } catch {
    return undefined;
  }
}
