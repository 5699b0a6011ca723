import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Finding, SourceFile } from '@sluice/flow';
import type { Log } from '@sluice/plugin-api';
import { compileFiles, type RunnableWorkspace } from './load-workspace.js';
import { readWorkspaceFiles, type WorkspaceFiles } from './workspace-files.js';

const POLL_MS = 2_000;
/** Maximum number of findings in a log line; `sluice lint` lists all. */
const MAX_FINDINGS = 10;

/** The difference between the files of a workspace and those that the host runs. */
export interface WorkspaceState {
  /** Absolute path of the workspace. */
  readonly directory: string;
  /**
   * - `current`: the files are those that run
   * - `changed`: they have no error, and a restart applies them
   * - `broken`: they have errors; a restart runs the last good copy
   */
  readonly state: 'current' | 'changed' | 'broken';
  /** Present when the host had to start with the copy of an earlier start: the time of that start. */
  readonly lastGoodOf?: string;
  /** Files that were changed, added or removed since the running files were read. */
  readonly changed: readonly string[];
  /** Errors of the files as they are now, such as `flows/orders.yaml:14:5 unknown key "step"`. */
  readonly errors: readonly string[];
}

export interface WorkspaceWatchOptions {
  readonly directory: string;
  /** The sources that the host runs. */
  readonly running: WorkspaceFiles;
  /** Present when the host runs a copy because the files have errors. */
  readonly lastGood?: { readonly keptAt: Date; readonly files: WorkspaceFiles; readonly findings: readonly Finding[] };
  /** Reads the files as they are now. Rejects when there is no workspace any more. */
  readonly read: () => Promise<WorkspaceFiles>;
  /** Compiles files and returns the findings. */
  readonly findingsOf: (files: WorkspaceFiles) => Promise<readonly Finding[]>;
  readonly log: Log;
}

/**
 * Compares the files of a workspace with those that the host runs, every two seconds, and logs each change once. Nothing is reloaded.
 */
export class WorkspaceWatch {
  #state: WorkspaceState;
  /** Digest of the last reported files. */
  #reported: string;
  /** Digest of the last check. A change is reported only after two equal checks, because an editor may still be writing. */
  #seen: string;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: WorkspaceWatchOptions) {
    const { lastGood, running } = options;
    this.#reported = digestOf(lastGood?.files ?? running);
    this.#seen = this.#reported;
    this.#state = this.#stateOf(lastGood?.files ?? running, lastGood?.findings ?? []);
  }

  get state(): WorkspaceState {
    return this.#state;
  }

  start(): void {
    const next = () => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => void this.look().finally(next), POLL_MS);
      this.#timer.unref();
    };
    next();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Checks the files once. Never rejects. */
  async look(): Promise<void> {
    try {
      const files = await this.options.read();
      await this.#compare(digestOf(files), async () => {
        try {
          return this.#stateOf(files, await this.options.findingsOf(files));
        } catch (error) {
          return { ...this.#stateOf(files, []), state: 'broken', errors: [textOf(error)] };
        }
      });
    } catch (error) {
      const message = textOf(error);
      const state: WorkspaceState = { ...this.#state, state: 'broken', changed: ['sluice.yaml'], errors: [message] };
      await this.#compare(message, async () => state);
    }
  }

  async #compare(digest: string, stateNow: () => Promise<WorkspaceState>): Promise<void> {
    const settled = digest === this.#seen;
    this.#seen = digest;
    if (!settled || digest === this.#reported) return;
    this.#state = await stateNow();
    this.#reported = digest;
    this.#report();
  }

  #stateOf(files: WorkspaceFiles, findings: readonly Finding[]): WorkspaceState {
    const { directory, running, lastGood } = this.options;
    const changed = changedFiles(running, files);
    const errors = findings
      .filter(({ severity }) => severity === 'error')
      .slice(0, MAX_FINDINGS)
      .map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
    return {
      directory: path.resolve(directory),
      state: errors.length > 0 ? 'broken' : changed.length > 0 ? 'changed' : 'current',
      ...(lastGood && { lastGoodOf: lastGood.keptAt.toISOString() }),
      changed,
      errors,
    };
  }

  #report(): void {
    const { log } = this.options;
    const { state } = this.#state;
    if (state === 'current') log.info('the files of the workspace are again those that run');
    else log[state === 'broken' ? 'error' : 'warn'](describeWorkspace(this.#state));
  }
}

/** Creates the watch for a workspace of `loadRunnable`. */
export function watchWorkspace(
  directory: string,
  { loaded, replaced }: RunnableWorkspace,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): WorkspaceWatch {
  return new WorkspaceWatch({
    directory,
    running: loaded.files,
    ...(replaced && { lastGood: replaced }),
    read: () => readWorkspaceFiles(directory),
    findingsOf: async (files) => (await compileFiles(directory, files, env)).findings,
    log,
  });
}

/** Returns one line with the difference and its cure. */
export function describeWorkspace({ state, changed, errors, lastGoodOf }: WorkspaceState): string {
  const runs =
    lastGoodOf === undefined ? 'the host keeps running the files of its start' : `the host runs the copy of ${lastGoodOf}`;
  if (state === 'broken') {
    // findings contain the names of their files
    const others = changed.filter((name) => !errors.some((error) => error.startsWith(`${name}:`)));
    const found = [...(others.length > 0 ? [`${others.join(', ')} changed`] : []), errors.join('; ')].join(': ');
    return `${found}: ${runs}: correct it ("sluice lint"), then restart`;
  }
  if (state === 'changed') return `${changed.join(', ')} changed: ${runs}: restart to apply`;
  return 'the files are those that run';
}

function changedFiles(running: WorkspaceFiles, now: WorkspaceFiles): readonly string[] {
  const before = byName(running);
  const after = byName(now);
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.filter((name) => {
    const one = before.get(name);
    const other = after.get(name);
    return one === undefined || other === undefined || !Buffer.from(one).equals(other);
  });
}

function byName(files: WorkspaceFiles): ReadonlyMap<string, Uint8Array> {
  return new Map(sourcesOf(files).map(({ file, bytes }) => [file, bytes]));
}

function sourcesOf({ settings, flows }: WorkspaceFiles): readonly SourceFile[] {
  return [settings, ...flows];
}

function digestOf(files: WorkspaceFiles): string {
  const hash = createHash('sha256');
  for (const { file, bytes } of sourcesOf(files)) hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  return hash.digest('hex');
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
