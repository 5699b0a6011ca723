import type { AnyPlugin } from '@sluice/plugin-api';
import type { FlowDraft } from '../grammar/drafts.js';
import { checkEvents } from '../lint/graph.js';
import { ExpressionCheck } from '../lint/expressions.js';
import { objectShape, shapeOfNode } from '../lint/shapes.js';
import type { Finding, SourceFile, Workspace } from '../model.js';
import { Report, sortFindings } from '../report.js';
import { textsOf } from '../texts.js';
import { compileConnection, compileIssuer, type WorkspaceTools } from './connections.js';
import { Constants } from './constants.js';
import { Environment } from './environment.js';
import { readFlowFile, reportDuplicates } from './flow-files.js';
import { FlowCompiler } from './flows.js';
import { Plugins } from './plugins.js';
import { protectSecrets } from './secrets.js';
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
  const tools = prepare(input, drafts);

  const connections = draft.connections
    .map((connection) => compileConnection(connection, plugins, tools))
    .filter((one) => one !== undefined);
  const issuers = draft.issuers.map((issuer) => compileIssuer(issuer, tools)).filter((one) => one !== undefined);
  reportDuplicates(drafts);
  const flows = drafts
    .map((flow) => new FlowCompiler(flow, { ...tools, plugins }).compile())
    .filter((flow) => flow !== undefined);
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
    flows,
    env: tools.environment.forRuns(),
  };
  return { workspace, findings };
}

/** Prepares the tools that compile connections, issuers and flows: the environment with its secrets protected, and the constants. */
function prepare({ workspace: { draft, source }, plugins, env }: WorkspaceInput, flows: readonly FlowDraft[]): WorkspaceTools {
  const { settings } = draft;
  const report = new Report(source);
  const texts = textsOf(source);
  const expressions = new ExpressionCheck(texts, report);
  const environment = new Environment(env);
  const constants = new Constants(environment.values, settings);
  protectSecrets(draft, flows, plugins, environment, texts);
  expressions.values(draft.vars, { env: environment.inConstants });
  const evaluated = report.hasErrors ? undefined : constants.evaluate(draft.vars, {}, texts, report);
  const vars = (evaluated?.value ?? {}) as Readonly<Record<string, unknown>>;
  const varsShape = draft.vars ? shapeOfNode(draft.vars, 'vars', true) : objectShape('vars', {});
  const visible = { vars: varsShape, env: environment.atStart };
  return { report, texts, expressions, constants, environment, settings, vars, varsShape, visible };
}
