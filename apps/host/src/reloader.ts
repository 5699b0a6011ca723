import type { Engine, WorkspaceChanges } from '@sluice/engine';
import type { Workspace } from '@sluice/flow';
import type { Log } from '@sluice/plugin-api';
import { hostFail } from './failures.js';
import type { LoadedWorkspace } from './load-workspace.js';
import { needsRestart } from './needs-restart.js';
import { errorsIn, type WorkspaceWatch } from './workspace-watch.js';

export interface ReloaderOptions {
  /** The running workspace. */
  readonly workspace: Workspace;
  /** Reads and compiles the files as they are now. Rejects with `CONFIG_INVALID` when there is no workspace any more. */
  readonly load: () => Promise<LoadedWorkspace>;
  readonly engine: Pick<Engine, 'reload'>;
  readonly files: WorkspaceWatch;
  /** Called with the new workspace before it runs: its secrets must be masked from the first moment. */
  readonly onLoaded: (loaded: LoadedWorkspace) => void;
  /** Called when the new workspace runs. */
  readonly onApplied: (loaded: LoadedWorkspace) => Promise<void>;
  readonly log: Log;
}

/** Applies changed files of the workspace to the running host: all of them, or none when one has an error. */
export class Reloader {
  #workspace: Workspace;
  #last: Promise<unknown> = Promise.resolve();
  /** The reload that waits until the one in progress has ended. */
  #waiting: Promise<WorkspaceChanges> | undefined;

  constructor(private readonly options: ReloaderOptions) {
    this.#workspace = options.workspace;
  }

  /** The running workspace. */
  get workspace(): Workspace {
    return this.#workspace;
  }

  /**
   * Reads the files and applies them. One reload runs at a time; requests that arrive during it share the next one, which reads the files
   * after all of them.
   *
   * @returns what has changed; empty lists when nothing has
   * @throws WORKSPACE_INVALID, RESTART_NEEDED, CONFIG_INVALID, STORE_UNAVAILABLE, BUS_UNAVAILABLE: then the host runs as before
   */
  reload(): Promise<WorkspaceChanges> {
    if (this.#waiting) return this.#waiting;
    const reload = this.#last.then(() => {
      this.#waiting = undefined;
      return this.#reload();
    });
    this.#waiting = reload;
    this.#last = reload.catch(() => undefined);
    return reload;
  }

  async #reload(): Promise<WorkspaceChanges> {
    const { engine, files, log } = this.options;
    const loaded = await this.options.load();
    const { workspace } = loaded;
    if (!workspace) {
      files.refused(loaded.files, loaded.findings);
      throw hostFail.WORKSPACE_INVALID(errorsIn(loaded.findings).join('; '));
    }
    const parts = needsRestart(this.#workspace, workspace);
    if (parts.length > 0) throw hostFail.RESTART_NEEDED(`${parts.join(', ')} changed in sluice.yaml: nothing was reloaded`);
    this.options.onLoaded(loaded);
    const changes = await engine.reload(workspace);
    this.#workspace = workspace;
    files.applied(loaded.files);
    log.info(`reloaded the workspace: ${describeChanges(changes)}`);
    await this.options.onApplied(loaded);
    return changes;
  }
}

/** Returns one line, such as `flows: changed orders; connections: added erp`. */
function describeChanges({ flows, connections }: WorkspaceChanges): string {
  const parts = Object.entries({ flows, connections }).flatMap(([what, { added, changed, removed }]) => {
    const lists = Object.entries({ added, changed, removed }).filter(([, names]) => names.length > 0);
    return lists.length === 0 ? [] : [`${what}: ${lists.map(([how, names]) => `${how} ${names.join(', ')}`).join(', ')}`];
  });
  return parts.join('; ') || 'nothing has changed';
}
