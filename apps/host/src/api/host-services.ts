import type { Engine, Pacer, Store, Bus, WorkspaceChanges } from '@sluice/engine';
import type { Workspace } from '@sluice/flow';
import type { Log } from '@sluice/plugin-api';
import type { Metrics } from '../metrics.js';
import type { Tokens } from '../tokens.js';
import type { WorkspaceState } from '../workspace-watch.js';

/** The services of the running host that controllers use. */
export abstract class HostServices {
  abstract readonly engine: Engine;
  abstract readonly bus: Bus;
  abstract readonly store: Store;
  abstract readonly pacer: Pacer;
  abstract readonly log: Log;
  /** Hides secrets in a text. */
  abstract readonly mask: (text: string) => string;
  abstract readonly metrics: Metrics;
  abstract readonly tokens: Tokens;
  abstract readonly workspace: Workspace;
  /** The difference between the files of the workspace and the running flows. */
  abstract readonly files: WorkspaceState;
  /** Applies the files of the workspace as they are now. */
  abstract readonly reload: () => Promise<WorkspaceChanges>;
  /** Names of the backends, on one line. */
  abstract readonly backends: string;
  /** False until the start is complete and while the host stops. */
  abstract readonly ready: boolean;
}
