import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from '../exit.js';

const SLUICE = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));
const READY_MS = 60_000;
/** Time before a stopping host is killed. An orderly stop takes at most ten seconds. */
const STOP_MS = 20_000;

export interface HostProcessOptions {
  readonly workspace: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Ready {
  readonly ready: true;
  readonly port: number;
  readonly engines: string;
}

/** `sluice run` as a child process. The host stops when this process ends. */
export class HostProcess {
  #child: ChildProcess | undefined;
  #ready: Ready | undefined;
  #changing: Promise<unknown> = Promise.resolve();
  /** Path of the log file. */
  readonly log: string;

  constructor(private readonly options: HostProcessOptions) {
    this.log = path.join(options.home, 'host.log');
    mkdirSync(options.home, { recursive: true });
  }

  /** Undefined while the host is not ready. */
  get url(): string | undefined {
    return this.#ready && `http://127.0.0.1:${this.#ready.port}`;
  }

  /** Names of the backends of the host. */
  get engines(): string {
    return this.#ready?.engines ?? '';
  }

  /** Resolves when the host accepts events. A host that does not start prints the reason on standard error. */
  start(): Promise<void> {
    return this.#next(() => this.#start());
  }

  /** Kills the host with SIGKILL, like a crash, and restarts it. */
  crash(): Promise<void> {
    return this.#next(async () => {
      await this.#end((child) => child.kill('SIGKILL'));
      await this.#start();
    });
  }

  /** Stops the host in order, after the current change, so that it leaves no processes behind. */
  stop(): Promise<void> {
    return this.#next(() => this.#end((child) => child.disconnect()));
  }

  /** Runs changes one after another. */
  #next(change: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  async #start(): Promise<void> {
    const { workspace, env } = this.options;
    const log = openSync(this.log, 'a');
    const child = spawn(process.execPath, [SLUICE, 'run', '--workspace', workspace], {
      env,
      // standard error contains the reason of a failed start
      stdio: ['ignore', log, 'inherit', 'ipc'],
      // a separate process group, so that Ctrl+C reaches only the demo, which then stops the host
      detached: true,
      windowsHide: true,
    });
    closeSync(log);
    this.#child = child;
    this.#ready = await readyOf(child, this.log);
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#child;
    this.#child = this.#ready = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    how(child);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(late);
  }
}

function readyOf(child: ChildProcess, log: string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      reject(new CommandError(`the host of the demo does not start (${reason}): see above, and its log ${log}`));
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`not ready after ${READY_MS / 1_000} s`);
    }, READY_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`it ended with ${code}`));
    child.once('message', (message) => {
      clearTimeout(timer);
      resolve(message as Ready);
    });
  });
}
