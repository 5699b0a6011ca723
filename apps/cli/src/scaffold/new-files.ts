import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../exit.js';

/** A file to create. */
export interface NewFile {
  /** Relative to the folder, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: choose a folder in which you may write',
  EPERM: 'permission denied: choose a folder in which you may write',
  EROFS: 'the file system is read-only: choose another folder',
  ENOSPC: 'the disk is full: make room, or choose another folder',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  ENOENT: 'the folder cannot be created: choose another one',
  EEXIST: 'it exists already, and nothing is replaced: choose another name, or remove it first',
};

/**
 * Creates files and their folders. Replaces no file, and removes what it has created when one of them cannot be created.
 *
 * @throws CommandError with the path and the cause
 */
export async function createFiles(folder: string, files: readonly NewFile[]): Promise<void> {
  const created: string[] = [];
  try {
    for (const { file, text } of files) {
      const target = path.join(folder, file);
      created.push(...(await createFolder(path.dirname(target)).catch(throwWithCure(path.dirname(target)))));
      await writeFile(target, text, { flag: 'wx' }).catch(throwWithCure(target));
      created.push(target);
    }
  } catch (error) {
    for (const one of created.reverse()) await rm(one, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Creates a folder with the folders above it. `mkdir` of Node with `recursive` never ends where a folder cannot be created although the one above it
 * exists, as in /proc.
 *
 * @returns the created folders, outermost first
 */
async function createFolder(folder: string): Promise<readonly string[]> {
  try {
    await mkdir(folder);
    return [folder];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return [];
    const above = path.dirname(folder);
    if (code !== 'ENOENT' || above === folder) throw error;
    const created = await createFolder(above);
    // the folder above existed, so the system refuses this one
    if (created.length === 0) throw error;
    return [...created, ...(await createFolder(folder))];
  }
}

/** Replaces the text of a file. @throws CommandError with the path and the cause */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch(throwWithCure(file));
}

/** Returns a handler that throws an error of the file system as a `CommandError` with its cure. */
export function throwWithCure(target: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw new CommandError(`${target}: ${CAUSES[error.code ?? ''] ?? error.message}`);
  };
}
