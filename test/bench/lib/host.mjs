// A host as in production: `sluice run` as a child process, on a workspace of the bench.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { signOperatorToken } from '../../../apps/host/dist/index.js';
import { PostgresProcess, postgresUrl } from '../../../libs/embedded/dist/index.js';
import { end, SLUICE, startNode } from './processes.mjs';

const WORKSPACES = fileURLToPath(new URL('../workspaces/', import.meta.url));
const HOUR_MS = 3_600_000;

/** One host at a time on one workspace and one home. It can be stopped, killed and started again. */
export class BenchHost {
  #folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
  #secret = randomBytes(32).toString('base64url');
  #args;
  #roles;
  #env;
  #child;
  #ready;

  /**
   * @param {string} workspace a folder of `workspaces/`, or the path of a workspace without plugins
   * @param {{ env?: Record<string, string>, roles?: string }} options `env`: URLs of servers; without them the host uses the embedded
   *   default
   */
  constructor(workspace, { env = {}, roles } = {}) {
    // the host finds the plugins from there, as from any workspace of this checkout
    this.#args = [SLUICE, 'run', '--workspace', path.resolve(WORKSPACES, workspace)];
    this.#roles = roles;
    this.#env = {
      ...withoutOurs(process.env),
      SLUICE_HOME: path.join(this.#folder, 'home'),
      SLUICE_HTTP_PORT: '0',
      SLUICE_HTTP_HOST: '127.0.0.1',
      SLUICE_STOMP_PORT: '0',
      SLUICE_LOG_LEVEL: 'warn',
      SLUICE_TOKEN_SECRET: this.#secret,
      ...env,
    };
  }

  get process() {
    return this.#child;
  }

  get url() {
    return `http://127.0.0.1:${this.#ready.port}`;
  }

  get engines() {
    return this.#ready.engines;
  }

  /** Starts the host and resolves with the seconds until it accepted events. */
  async start({ roles = this.#roles } = {}) {
    const from = performance.now();
    const { child, ready } = startNode([...this.#args, ...(roles ? ['--role', roles] : [])], { env: this.#env, ipc: true });
    this.#child = child;
    this.#ready = await ready;
    return (performance.now() - from) / 1000;
  }

  stop() {
    return end(this.#child);
  }

  /** Sends SIGKILL, as a crash would end it. */
  kill() {
    return end(this.#child, 'SIGKILL');
  }

  /** Resolves with the address of the embedded database of the running host. */
  async embeddedDatabase() {
    return postgresUrl(await PostgresProcess.attach(this.#env.SLUICE_HOME));
  }

  token({ sub = 'bench', scope = 'events:write viewer' } = {}) {
    return signOperatorToken(this.#secret, { sub, scope, ttlMs: HOUR_MS });
  }

  /** Stops the host, and removes its home with the embedded database. */
  async remove() {
    if (this.#child) await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Removes the variables of the caller's own Sluice, which could lead the bench to other servers. */
function withoutOurs(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SLUICE_')));
}
