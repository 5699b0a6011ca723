import { createHash } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import type { Finding, SourceFile, Workspace } from '@sluice/flow';
import type { Log } from '@sluice/plugin-api';
import { compileFiles, type RunnableWorkspace } from './load-workspace.js';
import { needsRestart } from './needs-restart.js';
import { readWorkspaceFiles, type WorkspaceFiles } from './workspace-files.js';

const POLL_MS = 2_000;
/** Time without another change after which a changed file is read, in milliseconds: editors write a file in several steps. */
const DEBOUNCE_MS = 100;
/** Maximum number of findings in a log line; `sluice lint` lists all. */
const MAX_FINDINGS = 10;

/** The difference between the files of a workspace and those that the host runs. */
export interface WorkspaceState {
  /** Absolute path of the workspace. */
  readonly directory: string;
  /**
   * - `current`: the files are those that run
   * - `changed`: they have no error, and a reload or a restart applies them
   * - `broken`: they have errors; a restart runs the last good copy
   */
  readonly state: 'current' | 'changed' | 'broken';
  /** Present when the host had to start with the copy of an earlier start: the time of that start. */
  readonly lastGoodOf?: string;
  /** Parts of sluice.yaml that were changed and that only a restart applies: `plugins`, `settings`, `issuers`. */
  readonly restart: readonly string[];
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
  /** Compiles files and returns the findings, and the changed parts that only a restart applies. */
  readonly check: (files: WorkspaceFiles) => Promise<WorkspaceCheck>;
  readonly log: Log;
}

export interface WorkspaceCheck {
  readonly findings: readonly Finding[];
  readonly restart: readonly string[];
}

/**
 * Compares the files of a workspace with those that the host runs and logs each change once: every two seconds, and with `onChange` also as
 * soon as the system reports a change. Such reports are missing on network and container mounts.
 */
export class WorkspaceWatch {
  #running: WorkspaceFiles;
  #lastGood: WorkspaceWatchOptions['lastGood'];
  #onChange: (() => Promise<unknown>) | undefined;
  readonly #watchers = new Map<string, FSWatcher>();
  #soon: NodeJS.Timeout | undefined;
  #state: WorkspaceState;
  /** Digest of the last reported files. */
  #reported: string;
  /** Digest of the last check. A change is reported only after two equal checks, because an editor may still be writing. */
  #seen: string;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: WorkspaceWatchOptions) {
    const { lastGood, running } = options;
    this.#running = running;
    this.#lastGood = lastGood;
    this.#reported = digestOf(lastGood?.files ?? running);
    this.#seen = this.#reported;
    this.#state = this.#stateOf(lastGood?.files ?? running, { findings: lastGood?.findings ?? [], restart: [] });
  }

  get state(): WorkspaceState {
    return this.#state;
  }

  /** @param onChange applies changed files that have no errors; absent: they are only reported */
  start(onChange?: () => Promise<unknown>): void {
    this.#onChange = onChange;
    const next = () => {
      if (this.#stopped) return;
      if (onChange) this.#watchFolders();
      this.#timer = setTimeout(() => void this.poll().finally(next), POLL_MS);
      this.#timer.unref();
    };
    next();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** Records that the host runs these files now. */
  applied(files: WorkspaceFiles): void {
    this.#running = files;
    this.#lastGood = undefined;
    this.#seen = this.#reported = digestOf(files);
    this.#state = this.#stateOf(files, NO_CHECK);
  }

  /** Records that these files were not applied, because they have errors. */
  refused(files: WorkspaceFiles, findings: readonly Finding[]): void {
    this.#seen = this.#reported = digestOf(files);
    this.#state = this.#stateOf(files, { findings, restart: [] });
    this.#report();
  }

  /** Checks the files once. Never rejects. */
  async poll(): Promise<void> {
    try {
      const files = await this.options.read();
      await this.#compare(digestOf(files), async () => {
        try {
          return this.#stateOf(files, await this.options.check(files));
        } catch (error) {
          return { ...this.#stateOf(files, NO_CHECK), state: 'broken', errors: [textOf(error)] };
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
    if (this.#onChange && this.#state.state === 'changed' && this.#state.restart.length === 0) return this.#apply();
    this.#report();
  }

  async #apply(): Promise<void> {
    try {
      await this.#onChange?.();
    } catch (error) {
      // the next poll applies them: a server may have been unavailable
      this.#reported = '';
      this.options.log.error(`the changed files could not be applied: ${textOf(error)}`);
    }
  }

  /** Watches the folders that exist now. A folder that is replaced is watched again at the next poll. */
  #watchFolders(): void {
    const { directory } = this.options;
    for (const [folder, recursive] of [
      [directory, false],
      [path.join(directory, 'flows'), true],
    ] as const) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { recursive, persistent: false }, () => this.#pollSoon());
        const end = () => {
          watcher.close();
          this.#watchers.delete(folder);
        };
        watcher.on('error', end);
        this.#watchers.set(folder, watcher);
      } catch {
        // the poll finds changes
      }
    }
  }

  /** Polls twice, because a change counts after two equal polls. */
  #pollSoon(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => {
      void this.poll().then(() => {
        if (this.#stopped) return;
        this.#soon = setTimeout(() => void this.poll(), DEBOUNCE_MS);
        this.#soon.unref();
      });
    }, DEBOUNCE_MS);
    this.#soon.unref();
  }

  #stateOf(files: WorkspaceFiles, { findings, restart }: WorkspaceCheck): WorkspaceState {
    const { directory } = this.options;
    const [running, lastGood] = [this.#running, this.#lastGood];
    const changed = changedFiles(running, files);
    const errors = errorsIn(findings);
    return {
      directory: path.resolve(directory),
      state: errors.length > 0 ? 'broken' : changed.length > 0 ? 'changed' : 'current',
      ...(lastGood && { lastGoodOf: lastGood.keptAt.toISOString() }),
      restart,
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
  running: () => Workspace | undefined = () => loaded.workspace,
): WorkspaceWatch {
  return new WorkspaceWatch({
    directory,
    running: loaded.files,
    ...(replaced && { lastGood: replaced }),
    read: () => readWorkspaceFiles(directory),
    check: async (files) => {
      const { findings, workspace } = await compileFiles(directory, files, env);
      const before = running();
      return { findings, restart: before && workspace ? needsRestart(before, workspace) : [] };
    },
    log,
  });
}

/** Returns one line with the difference and its cure. */
export function describeWorkspace({ state, changed, errors, lastGoodOf, restart }: WorkspaceState): string {
  const runs = lastGoodOf === undefined ? 'the host keeps running the files before' : `the host runs the copy of ${lastGoodOf}`;
  if (state === 'broken') {
    // findings contain the names of their files
    const others = changed.filter((name) => !errors.some((error) => error.startsWith(`${name}:`)));
    const found = [...(others.length > 0 ? [`${others.join(', ')} changed`] : []), errors.join('; ')].join(': ');
    return `${found}: ${runs}: correct it ("sluice lint"), then "sluice reload"`;
  }
  if (state === 'changed' && restart.length > 0)
    return `${changed.join(', ')} changed: ${runs}: restart to apply, because a reload does not change ${restart.join(', ')}`;
  if (state === 'changed') return `${changed.join(', ')} changed: ${runs}: apply them with "sluice reload"`;
  return 'the files are those that run';
}

const NO_CHECK: WorkspaceCheck = { findings: [], restart: [] };

/** Returns the first errors, such as `flows/orders.yaml:14:5 unknown key "step"`. */
export function errorsIn(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ severity }) => severity === 'error')
    .slice(0, MAX_FINDINGS)
    .map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
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
