import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { commandLine, isAlive, processIdentity } from './identity.js';
import type { DataPaths } from './data-paths.js';

const run = promisify(execFile);

/** A running PostgreSQL, according to its file `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
}

// Intervals for polling states without a notification
const LOOK_MS = 10;
const WATCH_MS = 250;
/** Replaying a large log after a crash takes long. A server that cannot start ends by then. */
const START_MS = 120_000;
/** Maximum time to wait for the parent of a killed server to read its exit status; in a container without an init it never does. */
const UNREAPED_MS = 3_000;

const SOCKET_PATH_LIMIT = 107;

/**
 * Settings for a small machine with many short, durable transactions. All other settings keep PostgreSQL's defaults, in particular fsync
 * and synchronous_commit.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0700',
  max_connections: '100',
  // nothing replicates from this server, so the log only has to contain enough for recovery
  wal_level: 'minimal',
  max_wal_senders: '0',
  // checkpoints keep to this soft limit; the default of 1 GB would fill a small disk for no benefit
  max_wal_size: '256MB',
  // compiling the plans of short queries costs more than it saves
  jit: 'off',
  // dead rows of the queue have to be removed soon
  autovacuum_naptime: '10s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // failed statements are reported to their clients; in the log they would only consume space
  log_min_messages: 'log',
};

/** Starts PostgreSQL on the data directory and resolves when it accepts connections. */
export async function launch(
  paths: DataPaths,
  port: number,
  binaries: Binaries,
  account: Account | undefined,
): Promise<Postmaster> {
  await makeWay(paths.data);
  const sockets = path.join(paths.sockets, `.s.PGSQL.${port}`).length > SOCKET_PATH_LIMIT ? '' : paths.sockets;
  const settings = { ...SETTINGS, port: String(port), unix_socket_directories: sockets };
  const args = ['-D', paths.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  // a file instead of a pipe, because the server outlives a killed host
  const log = await open(paths.log, 'w', 0o600);
  try {
    // detached: Ctrl+C signals the whole process group, and the host needs the database until it has drained
    const stdio = ['ignore', log.fd, log.fd] as const;
    const child = spawn(binaries.postgres, args, {
      ...account,
      cwd: paths.data,
      env: { LC_ALL: 'C' },
      detached: true,
      stdio: [...stdio],
    });
    child.unref();
    return await whenReady(child, paths);
  } finally {
    await log.close();
  }
}

async function whenReady(child: ChildProcess, paths: DataPaths): Promise<Postmaster> {
  let gone = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      gone = true;
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  const deadline = Date.now() + START_MS;
  while (!gone && Date.now() < deadline) {
    const file = await readPidFile(paths.data);
    if (file?.pid === child.pid && file?.ready) return { pid: file.pid, port: file.port, ended };
    await sleep(LOOK_MS);
  }
  if (!gone) child.kill('SIGQUIT');
  await ended;
  throw new Error((await readFile(paths.log, 'utf8')).trim().split('\n').slice(-3).join(' | ') || 'it ended without a message');
}

/** Returns the server that runs on this data directory, waiting while it starts or stops. Undefined if no server runs. */
export async function findRunning(data: string): Promise<Postmaster | undefined> {
  for (;;) {
    const file = await readPidFile(data);
    if (!file || !(await isPostmaster(file.pid, data))) return undefined;
    if (file.ready) return { pid: file.pid, port: file.port, ended: whenGone(file.pid) };
    await sleep(LOOK_MS);
  }
}

/** Stops the server without waiting for its clients, and waits for its end. */
export async function halt(data: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  const stop = (mode: string) =>
    run(binaries.pg_ctl, ['-D', data, '-m', mode, '-w', '-t', '20', 'stop'], { ...account, cwd: data, env: {} });
  await stop('fast').catch(() => stop('immediate'));
}

/**
 * Reads the file as https://www.postgresql.org/docs/current/storage-file-layout.html describes it: pid, directory, start time, port, …;
 * line 8 is the state.
 */
async function readPidFile(data: string): Promise<{ pid: number; port: number; ready: boolean } | undefined> {
  const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** Returns whether the pid belongs to the server of this data directory. By now it may belong to any process. */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if ((await processIdentity(pid)) === undefined) return false;
  return process.platform === 'win32' || ((await commandLine(pid))?.includes(data) ?? false);
}

/**
 * Waits until PostgreSQL can start. It refuses to start while a process has the pid in its file: an unrelated process after a reboot, or a
 * killed server whose parent has not read its exit status. The function waits for the second, also because the server's children need a
 * moment to notice its end, and removes the file for the first. The file of a process that is gone stays, because PostgreSQL uses it to
 * find children that have not ended yet.
 */
async function makeWay(data: string): Promise<void> {
  const file = await readPidFile(data);
  if (!file) return;
  const deadline = Date.now() + UNREAPED_MS;
  while (isAlive(file.pid) && Date.now() < deadline) {
    const stranger = (await processIdentity(file.pid)) !== undefined && !(await isPostmaster(file.pid, data));
    if (stranger) break;
    await sleep(LOOK_MS);
  }
  if (isAlive(file.pid) && !(await isPostmaster(file.pid, data))) await rm(path.join(data, 'postmaster.pid'), { force: true });
}

async function whenGone(pid: number): Promise<void> {
  const identity = await processIdentity(pid);
  while (identity !== undefined && (await processIdentity(pid)) === identity) await sleep(WATCH_MS, undefined, { ref: false });
}
