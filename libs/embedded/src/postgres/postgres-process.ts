import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError, type Log } from '@sluice/plugin-api';
import { aborted, backoffMs, freePort } from '@sluice/runtime';
import { serverAccount, type Account } from './account.js';
import { binariesFor, type Binaries } from './binaries.js';
import { DATABASE, makeCluster, USER } from './cluster.js';
import { claimHome, type HomeClaim } from './owner.js';
import { chooseDataPaths, findDataPaths, makeDataPaths, type DataPaths } from './data-paths.js';
import { findRunning, halt, launch, type Postmaster } from './postmaster.js';

/** Parameters of a connection to PostgreSQL. */
export interface PostgresConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const PASSWORD_FILE = 'password';
/** Bounds of the pause between two starts of the server. */
const START_AGAIN = { firstMs: 100, maxMs: 10_000 };
/** Attempts at a start: a killed server leaves processes behind for a moment, and another program may take the chosen port. */
const START_TRIES = 6;

interface Server {
  readonly paths: DataPaths;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
}

/**
 * PostgreSQL as a part of the host. Its data is in the home, and the host restarts it when it dies. When the host dies the server continues
 * to run, and the next host adopts it.
 */
export class PostgresProcess {
  readonly #stopping = new AbortController();
  readonly #watch: Promise<void>;

  private constructor(
    readonly connection: PostgresConnection,
    private readonly server: Server,
    private readonly claim: HomeClaim,
    private readonly log: Log,
    private postmaster: Postmaster,
  ) {
    this.#watch = this.#keepRunning();
  }

  /**
   * Claims the home and starts its PostgreSQL, or adopts the one that a dead host left running. Resolves when it accepts connections.
   *
   * @throws `CONFIG_INVALID` while another process owns the home, and if PostgreSQL cannot run on this machine.
   * @throws `STORE_UNAVAILABLE` with its last log lines if it does not start.
   */
  static async start(options: { readonly home: string; readonly log: Log }): Promise<PostgresProcess> {
    const { log } = options;
    await mkdir(options.home, { recursive: true });
    const home = await realpath(options.home);
    const claim = await claimHome(home);
    try {
      const account = await serverAccount();
      const paths = await chooseDataPaths(home, account);
      const server = { paths, account, binaries: await binariesFor(account, paths.copies) };
      const password = await passwordOf(home, paths);
      await makeDataPaths(paths, account);
      await makeCluster(paths.data, password, server.binaries, account);
      const running = await findRunning(paths.data);
      const postmaster = running ?? (await startServer(server));
      log.info(running ? 'adopted the embedded PostgreSQL that was left running' : 'started the embedded PostgreSQL', {
        pid: postmaster.pid,
        port: postmaster.port,
        data: paths.data,
      });
      return new PostgresProcess(connectionTo(postmaster, password), server, claim, log, postmaster);
    } catch (error) {
      await claim.release();
      throw error;
    }
  }

  /** Returns the connection to the PostgreSQL of this home, for a program that does not own it; undefined if it is not running. */
  static async attach(home: string): Promise<PostgresConnection | undefined> {
    const real = await realpath(home).catch(() => undefined);
    const paths = real && findDataPaths(real);
    if (!paths) return undefined;
    const running = await findRunning(paths.data);
    return running && connectionTo(running, await readFile(path.join(real, PASSWORD_FILE), 'utf8'));
  }

  /** Process id of the server; it changes with a restart. */
  get pid(): number {
    return this.postmaster.pid;
  }

  get url(): string {
    return postgresUrl(this.connection);
  }

  /** Stops the server, disconnecting its clients, and releases the home. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#watch;
    this.#stopping.abort();
    await this.#watch;
    if (await findRunning(this.server.paths.data)) await halt(this.server.paths.data, this.server.binaries, this.server.account);
    await this.claim.release();
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = aborted(signal);
    while (!signal.aborted) {
      await Promise.race([this.postmaster.ended, stopped]);
      if (!signal.aborted) await this.#startAgain(signal);
    }
  }

  /** Restarts the server until it runs or the host stops. The port stays the same, because connection pools use it. */
  async #startAgain(signal: AbortSignal): Promise<void> {
    this.log.error('the embedded PostgreSQL has died and is being restarted', { log: this.server.paths.log });
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const { paths, binaries, account } = this.server;
        this.postmaster = await launch(paths, this.connection.port, binaries, account);
        this.log.info('the embedded PostgreSQL is running again', { pid: this.pid });
        return;
      } catch (error) {
        const pauseMs = backoffMs(START_AGAIN, failures);
        this.log.warn('the embedded PostgreSQL does not start', { reason: (error as Error).message, againInMs: pauseMs });
        await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }
}

async function startServer({ paths, binaries, account }: Server): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(paths, await freePort(), binaries, account);
    } catch (cause) {
      if (attempt === START_TRIES) throw notStarting(paths, cause as Error);
      await sleep(backoffMs(START_AGAIN, attempt - 1));
    }
  }
}

function notStarting(paths: DataPaths, cause: Error): SluiceError {
  const message = `the embedded PostgreSQL does not start: ${cause.message}`;
  return new SluiceError('STORE_UNAVAILABLE', 'unavailable', message, `see ${paths.log}`, { cause });
}

/** Returns the password of the superuser, and draws it for a new home. */
async function passwordOf(home: string, paths: DataPaths): Promise<string> {
  const file = path.join(home, PASSWORD_FILE);
  if (!existsSync(file)) {
    if (existsSync(paths.data)) throw passwordLost(file, paths);
    // flushed before the database is created, so that it cannot be lost in a power cut
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
  }
  return readFile(file, 'utf8');
}

function passwordLost(file: string, { data }: DataPaths): SluiceError {
  const cure = `put it back from a backup, or move ${data} away to begin with an empty database`;
  return new SluiceError('CONFIG_INVALID', 'fatal', `the password of the embedded database is missing: ${file}`, cure);
}

function connectionTo({ port }: Postmaster, password: string): PostgresConnection {
  return { host: '127.0.0.1', port, user: USER, password, database: DATABASE };
}

/** Returns the connection as a URL, including the password. */
export function postgresUrl({ host, port, user, password, database }: PostgresConnection): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}
