import { checkCallData } from '../lint/call-data.js';
import { checkCalls } from '../lint/calls.js';
import { checkEvents } from '../lint/graph.js';
import { checkOrder } from '../lint/order.js';
import { checkRoutes } from '../lint/routes.js';
import type { Finding, Workspace } from '../model.js';
import { sortFindings } from '../report.js';
import { compileConnection, compileIssuer } from './connections.js';
import { readFlowFile, reportDuplicates } from './flow-files.js';
import { FlowCompiler } from './flows.js';
import { Plugins } from './plugins.js';
import { prepareTools } from './tools.js';
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
  const { draft, findings: ofSpelling } = input.workspace;
  const failed = input.failedPlugins ?? [];
  const plugins = new Plugins(input.plugins, failed.length === 0, draft.connections);
  const files = input.flows.map(readFlowFile);
  const drafts = files.flatMap((file) => file.flows);
  const tools = prepareTools(input, drafts, { vars: draft.vars, source: input.workspace.source });

  const connections = draft.connections
    .map((connection) => compileConnection(connection, plugins, tools))
    .filter((one) => one !== undefined);
  const issuers = draft.issuers.map((issuer) => compileIssuer(issuer, tools)).filter((one) => one !== undefined);
  reportDuplicates(drafts);
  const compiled = drafts.flatMap((draft) => {
    const flow = new FlowCompiler(draft, { ...tools, plugins }).compile();
    return flow ? [{ draft, flow }] : [];
  });
  const paced = new Set(connections.filter(({ pace }) => pace !== undefined).map(({ name }) => name));
  for (const flow of drafts) checkOrder(flow, paced);
  checkRoutes(compiled, input.plugins);
  checkCallData(drafts);
  checkCalls(
    drafts,
    files.every((file) => !file.partial),
  );
  // a flow that could not be read may take or emit any event
  if (files.every((file) => !file.partial) && drafts.every((flow) => !flow.partial))
    checkEvents(
      drafts,
      draft.issuers.flatMap(({ events }) => events),
    );

  const findings = sortFindings([...ofSpelling, ...tools.report.findings, ...files.flatMap((file) => file.report.findings)]);
  if (failed.length > 0 || findings.some((finding) => finding.severity === 'error')) return { findings };
  const workspace: Workspace = {
    plugins: draft.plugins.map(({ name }) => name),
    settings: draft.settings,
    vars: tools.vars,
    issuers,
    connections: new Map(connections.map((connection) => [connection.name, connection])),
    flows: compiled.map(({ flow }) => flow),
    env: tools.environment.forRuns(),
  };
  return { workspace, findings };
}
