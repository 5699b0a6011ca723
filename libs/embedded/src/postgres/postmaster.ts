import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Account } from './account.js';
import type { Binaries } from './binaries.js';
import { commandLine, isAlive, processIdentity } from './identity.js';
import type { Place } from './place.js';

const run = promisify(execFile);

/** A running PostgreSQL, as its file `postmaster.pid` describes it. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
}

// How often a state that gives no notice is looked at
const LOOK_MS = 10;
const WATCH_MS = 250;
/** Replaying a large log after a crash takes long: the process tells by ending when it cannot start. */
const START_MS = 120_000;
/** How long a killed server may wait for its parent; in a container without an init, that is for ever. */
const UNREAPED_MS = 3_000;

const SOCKET_PATH_LIMIT = 107;

/**
 * One small machine, many short transactions, each durable. What is not named here is PostgreSQL's default, fsync and
 * synchronous_commit above all.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0700',
  max_connections: '100',
  // nothing replicates from this server, so it need not log more than recovery needs
  wal_level: 'minimal',
  max_wal_senders: '0',
  // a soft bound, checkpoints keep to it; the default of 1 GB fills a small disk for nothing
  max_wal_size: '256MB',
  // plans of short queries are not worth compiling
  jit: 'off',
  // a queue's dead rows must go soon
  autovacuum_naptime: '10s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // statements that fail are reported to whoever sent them; here they would only grow the file
  log_min_messages: 'log',
};

/** Starts PostgreSQL on the data directory; resolves when it accepts connections. */
export async function launch(place: Place, port: number, binaries: Binaries, account: Account | undefined): Promise<Postmaster> {
  await makeWay(place.data);
  const sockets = path.join(place.sockets, `.s.PGSQL.${port}`).length > SOCKET_PATH_LIMIT ? '' : place.sockets;
  const settings = { ...SETTINGS, port: String(port), unix_socket_directories: sockets };
  const args = ['-D', place.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  // a file and not a pipe: the server outlives a killed host
  const log = await open(place.log, 'w', 0o600);
  try {
    // detached: Ctrl-C goes to the whole process group, and the host needs the database until it has drained
    const stdio = ['ignore', log.fd, log.fd] as const;
    const child = spawn(binaries.postgres, args, {
      ...account,
      cwd: place.data,
      env: { LC_ALL: 'C' },
      detached: true,
      stdio: [...stdio],
    });
    child.unref();
    return await whenReady(child, place);
  } finally {
    await log.close();
  }
}

async function whenReady(child: ChildProcess, place: Place): Promise<Postmaster> {
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
    const file = await readPidFile(place.data);
    if (file?.pid === child.pid && file?.ready) return { pid: file.pid, port: file.port, ended };
    await sleep(LOOK_MS);
  }
  if (!gone) child.kill('SIGQUIT');
  await ended;
  throw new Error((await readFile(place.log, 'utf8')).trim().split('\n').slice(-3).join(' | ') || 'it ended without a word');
}

/** The server that runs on this data directory already; waits while it is starting or stopping. Undefined: none runs. */
export async function findRunning(data: string): Promise<Postmaster | undefined> {
  for (;;) {
    const file = await readPidFile(data);
    if (!file || !(await isPostmaster(file.pid, data))) return undefined;
    if (file.ready) return { pid: file.pid, port: file.port, ended: whenGone(file.pid) };
    await sleep(LOOK_MS);
  }
}

/** Stops the server without waiting for clients, and waits for it to end. */
export async function halt(data: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  const stop = (mode: string) =>
    run(binaries.pg_ctl, ['-D', data, '-m', mode, '-w', '-t', '20', 'stop'], { ...account, cwd: data, env: {} });
  await stop('fast').catch(() => stop('immediate'));
}

/** https://www.postgresql.org/docs/current/storage-file-layout.html: pid, directory, start time, port, …; the state stands on line 8. */
async function readPidFile(data: string): Promise<{ pid: number; port: number; ready: boolean } | undefined> {
  const text = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** The number in the file may by now belong to any process. */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if ((await processIdentity(pid)) === undefined) return false;
  return process.platform === 'win32' || ((await commandLine(pid))?.includes(data) ?? false);
}

/**
 * PostgreSQL refuses to start as long as any process has the number in the file: a living stranger after a reboot, or a killed server
 * whose parent has not asked how it ended. The second is waited for, also because the server's children need a moment to notice its end.
 * The file of a process that is gone stays: by it PostgreSQL finds children that have not ended yet.
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
