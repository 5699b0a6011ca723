import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/plugin-api';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';

const run = promisify(execFile);

/** The superuser that initdb creates, and the database that every cluster has. */
export const USER = 'sluice';
export const DATABASE = 'postgres';

// Without these options initdb uses the locale of the environment: under LC_ALL=C the encoding is SQL_ASCII, and Russian search finds
// nothing. pg_trgm needs --lc-ctype in addition to the builtin provider.
const LOCALE = [
  '--encoding=UTF8',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--lc-collate=C',
  '--lc-ctype=C.UTF-8',
  '--lc-messages=C',
];

/**
 * Creates the data directory if it is missing. It is created under another name and renamed, so that an interrupted attempt leaves no part
 * of it.
 */
export async function makeCluster(
  data: string,
  password: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  if (existsSync(data)) return;
  const draft = await mkdtemp(`${data}.`);
  try {
    await initdb(draft, password, binaries, account);
    await rename(path.join(draft, 'pg'), data);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function initdb(folder: string, password: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  const data = path.join(folder, 'pg');
  const passwordFile = path.join(folder, 'password');
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account) await Promise.all([folder, data, passwordFile].map((file) => chown(file, account.uid, account.gid)));
  const args = ['-D', data, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...LOCALE];
  await run(binaries.initdb, args, { ...account, cwd: folder, env: {} }).catch((error: ExecFailure) => {
    throw failureOf(error, data);
  });
}

type ExecFailure = Error & { readonly stderr?: string; readonly signal?: string | null };

function failureOf({ message, stderr, signal }: ExecFailure, data: string): SluiceError {
  const said = stderr?.trim() || message;
  // Ctrl+C signals every program in the foreground of the terminal
  const interrupted = (signal ?? null) !== null || said.includes('caught signal');
  const [what, cure] = interrupted
    ? ['the creation of the embedded database was interrupted', 'start again: it is created from scratch']
    : [`the embedded database could not be created in ${data}: ${said}`, 'check the free space and the rights of the folder'];
  return new SluiceError('STORE_UNAVAILABLE', 'unavailable', what, cure);
}
