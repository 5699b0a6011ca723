import type { Engine, Pacer, Store, Bus } from '@sluice/engine';
import type { Workspace } from '@sluice/flow';
import type { Metrics } from '../metrics.js';
import type { Tokens } from '../tokens.js';
import type { WorkspaceState } from '../workspace-watch.js';

/** What the controllers work with: one object of the running host, handed in by its module. */
export abstract class HostServices {
  abstract readonly engine: Engine;
  abstract readonly bus: Bus;
  abstract readonly store: Store;
  abstract readonly pacer: Pacer;
  abstract readonly metrics: Metrics;
  abstract readonly tokens: Tokens;
  abstract readonly workspace: Workspace;
  /** How the files of the workspace differ from what runs. */
  abstract readonly files: WorkspaceState;
  /** In one line: which engines run. */
  abstract readonly backends: string;
  /** False before the start is through and while the host stops. */
  abstract readonly ready: boolean;
}
