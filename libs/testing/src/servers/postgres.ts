import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, chown, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '@sluice/runtime';
import { commandInRoot, inRoot, PROGRAMS, seenInRoot } from './servers-root.js';

const run = promisify(execFile);
/** Debian's folder of PostgreSQL, with one subfolder per version. */
const RELEASES = '/usr/lib/postgresql';
/** Returns the account of the server, because PostgreSQL refuses to run as root. Undefined: the user of this process. */
const USER = 'postgres';
const MAX_STARTS = 50;
const START_PAUSE_MS = 100;
const START_TIMEOUT_MS = 60_000;

/** A PostgreSQL for one test. */
export interface PostgresServer {
  readonly url: string;
  /** Process id of the server; undefined after `kill`. */
  readonly pid: number | undefined;
  /** Kills the server, as a power cut would. `start` starts it again at the same address. */
  kill(): Promise<void>;
  /** Starts the server after `kill`. */
  start(): Promise<void>;
  /** Stops the server and removes its files. */
  stop(): Promise<void>;
}

/** Options of {@link startPostgres}. */
export interface PostgresServerOptions {
  /**
   * Whether each commit waits for the disk, as in production. Default: false, because no test simulates a crash of the machine, and all tests
   * share the disk.
   */
  readonly fsync?: boolean;
}

/**
 * Starts a private PostgreSQL on loopback and resolves when it accepts connections. Requires the package `postgresql`. Under root the
 * server runs as the user `postgres`.
 */
export async function startPostgres({ fsync = false }: PostgresServerOptions = {}): Promise<PostgresServer> {
  const bin = findBin();
  const account = await serverAccount();
  const home = mkdtempSync(path.join(inRoot(tmpdir()), 'sluice-postgres-'));
  const data = path.join(home, 'data');
  const options = { cwd: home, env: { LC_ALL: 'C.UTF-8', PATH: PROGRAMS } };
  const command = (program: string) => commandInRoot(path.join(bin, program), account && USER);
  let server: ChildProcess | undefined;

  const killAtExit = () => server?.kill('SIGKILL');
  process.once('exit', killAtExit);
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill(signal);
    await exit;
  };
  const stop = async () => {
    await end('SIGINT');
    process.off('exit', killAtExit);
    rmSync(home, { recursive: true, force: true });
  };

  try {
    const passwordFile = path.join(home, 'password');
    writeFileSync(passwordFile, 'postgres\n');
    await chmod(home, 0o700);
    if (account) await Promise.all([home, passwordFile].map((file) => chown(file, account.uid, account.gid)));
    const [initdb, ...before] = command('initdb');
    const layout = ['-D', seenInRoot(data), '-U', 'postgres', '--encoding=UTF8', '--no-sync'];
    await run(initdb, [...before, ...layout, '--auth=scram-sha-256', `--pwfile=${seenInRoot(passwordFile)}`], options);
    const port = await freePort();
    const startOnce = async () => {
      const sync = `fsync=${fsync ? 'on' : 'off'}`;
      const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', sync];
      const [program, ...first] = command('postgres');
      const args = ['-D', seenInRoot(data), ...settings.flatMap((setting) => ['-c', setting])];
      server = spawn(program, [...first, ...args], { ...options, stdio: 'ignore' });
      await ready(server, data);
    };
    /** Starts the server again. After a kill its last processes may hold the shared memory for a moment, and PostgreSQL refuses to start then. */
    const start = async () => {
      for (let attempt = 1; ; attempt++)
        try {
          return await startOnce();
        } catch (error) {
          if (attempt === MAX_STARTS || server?.exitCode === null) throw error;
          await sleep(START_PAUSE_MS);
        }
    };
    await startOnce();
    return {
      url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
      get pid() {
        return server?.exitCode === null && server.signalCode === null ? server.pid : undefined;
      },
      kill: () => end('SIGKILL'),
      start,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function findBin(): string {
  const releases = inRoot(RELEASES);
  const versions = existsSync(releases)
    ? readdirSync(releases).filter((name) => existsSync(path.join(releases, name, 'bin', 'initdb')))
    : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(`no PostgreSQL under ${releases}: run npm run setup:services`);
  return path.join(RELEASES, newest, 'bin');
}

async function serverAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [program, ...before] = commandInRoot('id');
  const id = async (flag: string) => Number((await run(program, [...before, flag, USER])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/** Waits until the last line of the pid file contains `ready`. After a kill the old file remains until the new server writes its own. */
async function ready(server: ChildProcess, data: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && server.exitCode === null) {
    const lines = (await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return;
    await sleep(10);
  }
  throw new Error(`PostgreSQL did not start; its exit code is ${server.exitCode}`);
}
