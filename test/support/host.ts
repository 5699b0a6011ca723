import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { OPERATOR_SECRET } from './tokens.js';

const SLUICE = path.resolve('apps/cli/bin/sluice.js');
const START_MS = 120_000;
/** A host takes ten seconds at most. */
const STOP_MS = 20_000;

export interface HostOptions {
  /** Folder with `sluice.yaml`. */
  readonly workspace: string;
  /** `SLUICE_HOME`. */
  readonly home: string;
  /** Beside those that every host of the tests gets; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The command and its options after `sluice`; absent: `run` with the workspace. */
  readonly args?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `sluice run` as a child process, as an operator starts it: the built program, its own folder, a port that the system chose. */
export class HostProcess {
  #child: ChildProcess | undefined;
  #ended: Promise<Ended> | undefined;
  #port: number | undefined;
  #output = '';

  constructor(private readonly options: HostOptions) {
    process.once('exit', this.#killNow);
  }

  /** All that it has written since it was made, its log and its complaints. */
  get output(): string {
    return this.#output;
  }

  /** Is its process there? Frozen ones are. */
  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the host does not run');
    return this.#child.pid;
  }

  /** Where it takes events; undefined while it is not ready. */
  get url(): string | undefined {
    return this.#port === undefined ? undefined : `http://127.0.0.1:${this.#port}`;
  }

  /** Its `SLUICE_HOME`. */
  get home(): string {
    return this.options.home;
  }

  /** Process number of the embedded PostgreSQL of which its log spoke last. */
  get postgresPid(): number | undefined {
    const found = [...this.#output.matchAll(/"pid":(\d+)[^\n]*embedded PostgreSQL/g)].at(-1);
    return found && Number(found[1]);
  }

  /** Process numbers of what it started and did not stop. */
  leftBehind(): readonly number[] {
    const pid = this.postgresPid;
    return pid !== undefined && exists(pid) ? [pid] : [];
  }

  /** Resolves when it takes events; rejects with what it wrote when it ends before that. May be called again after it has ended. */
  async start(): Promise<this> {
    this.launch();
    const ended = this.ended().then(({ code, signal }) => {
      throw new Error(`the host ended with ${code ?? signal} before it was ready:\n${this.#output}`);
    });
    const port = await Promise.race([ended, this.#ready()]);
    this.#port = port;
    return this;
  }

  /** Starts the process and waits for nothing. */
  launch(): void {
    const { workspace, home, env, args = ['run', '--workspace', workspace] } = this.options;
    const child = spawn(process.execPath, [SLUICE, ...args], {
      cwd: path.resolve('.'),
      // nothing of the developer's own settings: a URL in the environment would choose other engines
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

  /** Resolves when it has ended, by itself or not. */
  async ended(): Promise<Ended> {
    if (!this.#ended) throw new Error('the host was never started');
    return this.#ended;
  }

  /** As a crash or the kernel does. */
  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  /** As a virtual machine that is paused: all stands still, and the sockets stay open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** As Ctrl+C does. */
  async stop(): Promise<Ended> {
    this.#child?.kill('SIGTERM');
    return this.ended();
  }

  /** Ends it whatever state it is in, with the database that a killed host leaves running. */
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
    // an immediate shutdown, its children included
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

/** A host that is ready. */
export function startHost(options: HostOptions): Promise<HostProcess> {
  return new HostProcess(options).start();
}
