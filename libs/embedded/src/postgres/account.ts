import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { SluiceError } from '@sluice/plugin-api';

const run = promisify(execFile);

/** The system user under which PostgreSQL runs. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'postgres';

/**
 * Returns the account for PostgreSQL. PostgreSQL refuses to run as root; then it runs as the system user `postgres`, which is created if it
 * is missing. Undefined: it runs as the user of this process.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return (await lookUp()) ?? (await create());
}

async function lookUp(): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

// useradd belongs to shadow (most distributions), adduser with these flags to BusyBox (Alpine)
const CREATE: readonly (readonly [string, readonly string[]])[] = [
  [
    'useradd',
    ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', NAME],
  ],
  ['adduser', ['-S', '-D', '-H', NAME]],
];

async function create(): Promise<Account> {
  const failures: unknown[] = [];
  for (const [command, args] of CREATE) {
    await run(command, args).catch((error: unknown) => failures.push(error));
    const account = await lookUp();
    if (account) return account;
  }
  throw new SluiceError(
    'CONFIG_INVALID',
    'fatal',
    `PostgreSQL does not run as root, and the system user "${NAME}" could not be created`,
    `create the user "${NAME}", or run as an ordinary user, or set SLUICE_DATABASE_URL`,
    { cause: new AggregateError(failures) },
  );
}

/** Returns whether the account may enter this folder, according to the mode bits of the folder and its parents. The folder must exist. */
export async function canEnter(folder: string, account: Account): Promise<boolean> {
  const { uid, gid, mode } = await stat(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  if ((mode & bit) === 0) return false;
  const parent = path.dirname(folder);
  return parent === folder || canEnter(parent, account);
}
