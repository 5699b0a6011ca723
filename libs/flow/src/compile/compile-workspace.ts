import type { AnyPlugin } from '@sluice/plugin-api';
import type { FlowDraft } from '../grammar/drafts.js';
import { readFlow } from '../grammar/read-flow.js';
import { refuseExpressionKeys } from '../lint/expression-keys.js';
import { checkEvents } from '../lint/graph.js';
import { ExpressionCheck } from '../lint/expressions.js';
import { objectShape, shapeOfNode, type Shape } from '../lint/shapes.js';
import type { Finding, SourceFile, Workspace } from '../model.js';
import { Report, sortFindings } from '../report.js';
import { Texts } from '../texts.js';
import { readDocuments } from '../yaml/read-documents.js';
import type { WorkspaceDraft } from '../workspace/drafts.js';
import { compileConnection, compileIssuer, type WorkspaceTools } from './connections.js';
import { Constants } from './constants.js';
import { Environment } from './environment.js';
import { FlowCompiler } from './flows.js';
import { Plugins } from './plugins.js';
import { secretScalars } from './schema-check.js';
import type { WorkspaceFile } from './workspace-file.js';

export interface WorkspaceInput {
  readonly workspace: WorkspaceFile;
  readonly flows: readonly SourceFile[];
  /** By the plugin's own name. */
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Plugins of sluice.yaml that could not be loaded, which has been reported: names that they may define are not reported again. */
  readonly failedPlugins?: readonly string[];
}

export interface WorkspaceResult {
  /** Absent when any finding is an error. */
  readonly workspace?: Workspace;
  /** All of them, sorted by place. */
  readonly findings: readonly Finding[];
}

/** Checks a whole workspace and compiles it. Reads no file; never throws for what is written in one. */
export function compileWorkspace(input: WorkspaceInput): WorkspaceResult {
  const { draft, source } = input.workspace;
  const report = new Report(source);
  const texts = new Texts(source);
  const expressions = new ExpressionCheck(texts, report);
  const environment = new Environment(input.env);
  const constants = new Constants(environment.values, draft.settings);
  const failed = input.failedPlugins ?? [];
  const plugins = new Plugins(input.plugins, failed.length === 0, draft.connections);

  protectSecrets(draft, input.plugins, environment, texts);
  const files = input.flows.map(readFlowFile);
  const drafts = files.flatMap((file) => file.flows);

  expressions.values(draft.vars, { env: environment.inConstants });
  const evaluated = report.hasErrors ? undefined : constants.evaluate(draft.vars, {}, texts, report);
  const vars = (evaluated?.value ?? {}) as Readonly<Record<string, unknown>>;
  const varsShape: Shape = draft.vars ? shapeOfNode(draft.vars, 'vars', true) : objectShape('vars', {});
  const visible = { vars: varsShape, env: environment.atStart };
  const tools: WorkspaceTools = { report, texts, expressions, constants, environment, settings: draft.settings, vars, visible };

  const compilers = drafts.map(
    (flow) => new FlowCompiler(flow, { plugins, environment, constants, settings: draft.settings, vars, varsShape }),
  );
  for (const compiler of compilers) compiler.protectSecrets();
  const connections = draft.connections
    .map((connection) => compileConnection(connection, plugins, tools))
    .filter((one) => one !== undefined);
  const issuers = draft.issuers.map((issuer) => compileIssuer(issuer, tools)).filter((one) => one !== undefined);
  reportDuplicates(drafts);
  const flows = compilers.map((compiler) => compiler.compile()).filter((flow) => flow !== undefined);

  // What could not be read may take or emit any event.
  const complete = files.every((file) => !file.partial) && drafts.every((flow) => !flow.partial);
  if (complete)
    checkEvents(
      drafts,
      draft.issuers.flatMap(({ events }) => events),
    );

  const findings = sortFindings([
    ...input.workspace.findings,
    ...report.findings,
    ...files.flatMap((file) => file.report.findings),
  ]);
  if (failed.length > 0 || findings.some((finding) => finding.severity === 'error')) return { findings };
  const workspace: Workspace = {
    plugins: draft.plugins.map(({ name }) => name),
    settings: draft.settings,
    vars,
    issuers,
    connections: new Map(connections.map((connection) => [connection.name, connection])),
    flows,
    env: environment.forRuns(),
  };
  return { workspace, findings };
}

/** Before anything is checked: what feeds a secret field is out of reach for every flow. */
function protectSecrets(
  draft: WorkspaceDraft,
  plugins: ReadonlyMap<string, AnyPlugin>,
  environment: Environment,
  texts: Texts,
): void {
  for (const connection of draft.connections) {
    const schema = plugins.get(connection.plugin)?.connection;
    if (schema) for (const secret of secretScalars(schema, connection.with)) environment.protect(secret, texts);
  }
  for (const issuer of draft.issuers) for (const secret of issuer.secrets) environment.protect(secret, texts);
}

interface FlowFile {
  readonly report: Report;
  readonly flows: readonly FlowDraft[];
  /** Some of it could not be read, so flows of it may be unknown. */
  readonly partial: boolean;
}

function readFlowFile(file: SourceFile): FlowFile {
  const { source, report, documents } = readDocuments(file);
  if (documents.length === 0 && report.findings.length === 0) {
    report.error({ start: 0, end: 1 }, 'FLOW_EMPTY', 'this file holds no flow', { do: 'write one, or delete the file' });
  }
  const flows: FlowDraft[] = [];
  for (const { root, start, end } of documents) {
    if (!root) continue;
    refuseExpressionKeys(root, report);
    const flow = readFlow(root, source.text.slice(start, end), report);
    if (flow) flows.push(flow);
  }
  return { report, flows, partial: report.hasErrors && flows.length < Math.max(1, documents.length) };
}

function reportDuplicates(flows: readonly FlowDraft[]): void {
  const first = new Map<string, FlowDraft>();
  for (const flow of flows) {
    const other = first.get(flow.name);
    if (other === undefined) {
      first.set(flow.name, flow);
      continue;
    }
    const { file } = other.report.source;
    const { line } = other.report.source.place(other.nameNode.start);
    flow.report.error(flow.nameNode, 'FLOW_DUPLICATE', `${file}:${line} holds a flow "${flow.name}" already`, {
      do: 'rename one of the two',
    });
  }
}
