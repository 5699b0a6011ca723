import type { Finding, Workspace } from '../model.js';
import { WorkspaceChecker } from './check-workspace.js';
import type { WorkspaceInput } from './workspace-input.js';

export type { WorkspaceInput } from './workspace-input.js';

export interface WorkspaceResult {
  /** Absent when a finding is an error, or a plugin failed to load. */
  readonly workspace?: Workspace;
  /** All findings, sorted by place. */
  readonly findings: readonly Finding[];
}

/** Checks a whole workspace and compiles it. Reads no file, and never throws because of the content of a file. */
export function compileWorkspace(input: WorkspaceInput): WorkspaceResult {
  const { findings, hasErrors, connections, issuers, flows, tools } = new WorkspaceChecker().check(input);
  if (hasErrors) return { findings };
  const { draft } = input.workspace;
  const workspace: Workspace = {
    plugins: draft.plugins.map(({ name }) => name),
    settings: draft.settings,
    vars: tools.vars,
    issuers,
    connections: new Map(connections.map((connection) => [connection.name, connection])),
    flows: flows.flatMap(({ compiler, checked }) => (checked ? [compiler.build(checked)] : [])),
    env: tools.environment.forRuns(),
  };
  return { workspace, findings };
}
