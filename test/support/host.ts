import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { OPERATOR_SECRET } from './tokens.js';

const SLUICE = 'apps/cli/bin/sluice.js';
const START_MS = 120_000;
/** Time before a stopping host is killed. An orderly stop takes at most ten seconds. */
const STOP_MS = 20_000;

export interface HostOptions {
  /** Folder with `sluice.yaml`. */
  readonly workspace: string;
  /** `SLUICE_HOME`. */
  readonly home: string;
  /** Additional environment variables; undefined removes a variable that every host of the tests gets. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The command and its options after `sluice`; absent: `run` with the workspace. */
  readonly args?: readonly string[];
  /** Folder of the built checkout whose program runs; absent: this one. */
  readonly checkout?: string;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `sluice run` as a child process: the built program with its own folder and a free port. */
export class HostProcess {
  #child: ChildProcess | undefined;
  #ended: Promise<Ended> | undefined;
  #port: number | undefined;
  #output = '';

  constructor(private readonly options: HostOptions) {
    process.once('exit', this.#killNow);
  }

  /** Standard output and standard error since the creation of this object. */
  get output(): string {
    return this.#output;
  }

  /** Whether the process exists; true also while it is frozen. */
  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the host does not run');
    return this.#child.pid;
  }

  /** Base URL of the host; undefined while the host is not ready. */
  get url(): string | undefined {
    return this.#port === undefined ? undefined : `http://127.0.0.1:${this.#port}`;
  }

  /** Its `SLUICE_HOME`. */
  get home(): string {
    return this.options.home;
  }

  /** Process id of the embedded PostgreSQL in the last log line about it. */
  get postgresPid(): number | undefined {
    const found = [...this.#output.matchAll(/"pid":(\d+)[^\n]*embedded PostgreSQL/g)].at(-1);
    return found && Number(found[1]);
  }

  /** Returns the ids of processes that the host has started and not stopped. */
  leftBehind(): readonly number[] {
    const pid = this.postgresPid;
    return pid !== undefined && exists(pid) ? [pid] : [];
  }

  /** Resolves when the host accepts events; rejects with its output when it ends earlier. Can be called again later. */
  async start(): Promise<this> {
    this.launch();
    const ended = this.ended().then(({ code, signal }) => {
      throw new Error(`the host ended with ${code ?? signal} before it was ready:\n${this.#output}`);
    });
    const port = await Promise.race([ended, this.#ready()]);
    this.#port = port;
    return this;
  }

  /** Starts the process without waiting until it is ready. */
  launch(): void {
    const { workspace, home, env, args = ['run', '--workspace', workspace], checkout = '.' } = this.options;
    const child = spawn(process.execPath, [path.resolve(checkout, SLUICE), ...args], {
      cwd: path.resolve(checkout),
      // the developer's environment is not inherited, because a URL in it would select other backends
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SLUICE_HOME: home,
        SLUICE_HTTP_HOST: '127.0.0.1',
        SLUICE_HTTP_PORT: '0',
        SLUICE_STOMP_PORT: '0',
        SLUICE_TOKEN_SECRET: OPERATOR_SECRET,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#port = undefined;
        resolve({ code, signal });
      });
    });
  }

  /** Resolves when the process has ended. */
  async ended(): Promise<Ended> {
    if (!this.#ended) throw new Error('the host was never started');
    return this.#ended;
  }

  /** Kills the process with SIGKILL, like a crash. */
  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  /** Stops the process with SIGSTOP, like a paused virtual machine: its sockets stay open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Stops the host in order with SIGTERM, which has the effect of Ctrl+C. */
  async stop(): Promise<Ended> {
    this.#child?.kill('SIGTERM');
    return this.ended();
  }

  /** Ends the process in any state, and the database that a killed host leaves running. */
  async dispose(): Promise<void> {
    process.off('exit', this.#killNow);
    if (!this.#ended) return;
    this.thaw();
    const impatient = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS);
    await this.stop();
    clearTimeout(impatient);
    this.#killPostgres();
  }

  readonly #killNow = () => {
    this.#child?.kill('SIGKILL');
    this.#killPostgres();
  };

  #killPostgres(): void {
    // immediate shutdown of PostgreSQL, which includes its child processes
    for (const pid of this.leftBehind()) process.kill(pid, 'SIGQUIT');
  }

  #ready(): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`the host was not ready after ${START_MS} ms:\n${this.#output}`)), START_MS);
      this.#child?.once('close', () => clearTimeout(late));
      this.#child?.once('message', (message) => {
        clearTimeout(late);
        resolve((message as { port: number }).port);
      });
    });
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Starts a host and resolves when it is ready. */
export function startHost(options: HostOptions): Promise<HostProcess> {
  return new HostProcess(options).start();
}
