import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { SluiceError } from '@sluice/plugin-api';
import { canEnter, type Account } from './account.js';

/** Folder for PostgreSQL's files of homes that the system user cannot enter. */
const SHARED = '/var/lib/sluice';

/** Paths of the files of a home's PostgreSQL. */
export interface DataPaths {
  /** The data directory. */
  readonly data: string;
  /** The folder of the socket. */
  readonly sockets: string;
  /** Log of the server since its last start. */
  readonly log: string;
  /** Folder for copies of the programs, if the installed ones cannot be run. */
  readonly copies: string;
}

/**
 * Returns the paths for a home: the existing ones, or new ones that the account can use.
 *
 * @param home the real path of the home.
 * @throws `CONFIG_INVALID` if there is data that the account cannot reach, because an empty database beside it would hide it.
 */
export async function chooseDataPaths(home: string, account: Account | undefined): Promise<DataPaths> {
  const started = findDataPaths(home);
  if (!account) return started ?? dataPathsIn(home);
  if (!started) return (await canEnter(home, account)) ? dataPathsIn(home) : sharedDataPaths(home);
  if (await canEnter(path.dirname(started.data), account)) return started;
  const cure = 'run as the user that created it, or let other users enter the folders above it (chmod o+x)';
  throw new SluiceError('CONFIG_INVALID', 'fatal', `the system user postgres cannot enter the database in ${started.data}`, cure);
}

/** Returns the paths of a home whose database exists. `home` is its real path. */
export function findDataPaths(home: string): DataPaths | undefined {
  return [dataPathsIn(home), sharedDataPaths(home)].find(({ data }) => existsSync(data));
}

/** Creates the folders to which the account writes. */
export async function makeDataPaths(paths: DataPaths, account: Account | undefined): Promise<void> {
  const parent = path.dirname(paths.data);
  await mkdir(parent, { recursive: true });
  // independent of the umask, because the account has to enter them
  if (paths.copies === SHARED) await Promise.all([SHARED, parent].map((folder) => chmod(folder, 0o755)));
  await mkdir(paths.sockets, { recursive: true, mode: 0o700 });
  if (account) await chown(paths.sockets, account.uid, account.gid);
}

function dataPathsIn(home: string): DataPaths {
  return under(home, home);
}

function sharedDataPaths(home: string): DataPaths {
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16);
  return under(path.join(SHARED, name), SHARED);
}

function under(folder: string, copies: string): DataPaths {
  return { data: path.join(folder, 'pg'), sockets: path.join(folder, 'run'), log: path.join(folder, 'postgres.log'), copies };
}
