import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { engineFail } from '@sluice/plugin-api';
import type { SourceFile } from '@sluice/flow';

/** What to read beside `sluice.yaml` and the flows. */
export interface ReadOptions {
  /** Also the files `*.test.yaml`, which a host neither needs nor checks. */
  readonly tests?: boolean;
}

export interface WorkspaceFiles {
  readonly settings: SourceFile;
  /** The files with flows, and with `tests` also those with their tests. */
  readonly flows: readonly SourceFile[];
}

/** Reads `sluice.yaml` and the YAML files under `flows/`. Rejects with `CONFIG_INVALID` when there is no workspace, or a file that cannot be read. */
export async function readWorkspaceFiles(directory: string, options: ReadOptions = {}): Promise<WorkspaceFiles> {
  const settings = await readSource(directory, 'sluice.yaml');
  const flows = await Promise.all((await flowFiles(directory, options)).map((file) => readSource(directory, file)));
  return { settings, flows };
}

async function readSource(directory: string, file: string): Promise<SourceFile> {
  try {
    return { file, bytes: await readFile(path.join(directory, file)) };
  } catch (error) {
    throw unreadable(directory, file, error as NodeJS.ErrnoException);
  }
}

function unreadable(directory: string, file: string, { code, message }: NodeJS.ErrnoException): Error {
  if (code === 'ENOENT' && file === 'sluice.yaml')
    return engineFail.CONFIG_INVALID(
      `there is no sluice.yaml in ${path.resolve(directory)}: create a workspace with "sluice init DIR", or name one with --workspace DIR`,
    );
  const reason = code === 'EACCES' ? 'this user may not read it' : code === 'ENOENT' ? 'it is a link to a missing file' : message;
  return engineFail.CONFIG_INVALID(`${file} cannot be read: ${reason}`);
}

/**
 * Returns file names in order, with forward slashes, so that findings are equal on all systems. Links to files count as files. Names that
 * begin with a dot do not: they are locks and copies of editors, or the folders to which the links of a mounted ConfigMap lead.
 */
async function flowFiles(directory: string, { tests = false }: ReadOptions): Promise<string[]> {
  const entries = await readdir(path.join(directory, 'flows'), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw unreadable(directory, path.relative(directory, error.path ?? 'flows'), error);
    },
  );
  const found: string[] = [];
  for (const entry of entries) {
    const full = path.join(entry.parentPath, entry.name);
    const name = path.relative(directory, full).split(path.sep).join('/');
    if (!/\.ya?ml$/.test(name) || /(?:^|\/)\./.test(name) || (!tests && /\.test\.ya?ml$/.test(name))) continue;
    // a link to a missing file is reported when it is read
    const target = entry.isSymbolicLink() ? await stat(full).catch(() => undefined) : entry;
    if (target === undefined || target.isFile()) found.push(name);
  }
  return found.sort();
}
