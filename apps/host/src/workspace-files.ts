import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { engineFail } from '@sluice/plugin-api';
import type { SourceFile } from '@sluice/flow';

export interface WorkspaceFiles {
  readonly settings: SourceFile;
  readonly flows: readonly SourceFile[];
}

/** Reads `sluice.yaml` and the YAML files under `flows/`. Rejects with `CONFIG_INVALID` when there is no workspace. */
export async function readWorkspaceFiles(directory: string): Promise<WorkspaceFiles> {
  const settings = await readSource(directory, 'sluice.yaml').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw engineFail.CONFIG_INVALID(
      `there is no sluice.yaml in ${directory}: run in a workspace, or name one with --workspace DIR`,
    );
  });
  const flows = await Promise.all((await flowFiles(directory)).map((file) => readSource(directory, file)));
  return { settings, flows };
}

async function readSource(directory: string, file: string): Promise<SourceFile> {
  return { file, bytes: await readFile(path.join(directory, file)) };
}

/** Returns file names in order, with forward slashes, so that findings are equal on all systems. */
async function flowFiles(directory: string): Promise<string[]> {
  const entries = await readdir(path.join(directory, 'flows'), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}
