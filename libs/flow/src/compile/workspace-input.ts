import type { AnyPlugin } from '@sluice/plugin-api';
import type { SourceFile } from '../model.js';
import type { WorkspaceFile } from './workspace-file.js';

export interface WorkspaceInput {
  readonly workspace: WorkspaceFile;
  readonly flows: readonly SourceFile[];
  /** By the `name` that the plugin itself exports. */
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Plugins of sluice.yaml that failed to load, which their loader reports. Names that they may define are not reported as unknown. */
  readonly failedPlugins?: readonly string[];
}
