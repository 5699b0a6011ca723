import { Buffer } from 'node:buffer';
import type { Finding, Flow, FlowOrigin } from '../model.js';
import { sortFindings } from '../report.js';
import { readDocuments } from '../yaml/read-documents.js';
import type { WorkspaceInput } from './compile-workspace.js';
import { readFlowFile } from './flow-files.js';
import { FlowCompiler } from './flows.js';
import { Plugins } from './plugins.js';
import { prepareTools } from './tools.js';

/** An earlier revision of a flow. */
export interface EarlierRevision extends FlowOrigin {
  readonly flow: string;
  readonly revision: string;
}

export type RevisionResult =
  /** `isExact`: all values of environment variables that the flow reads are those of its time. */
  | { readonly ok: true; readonly flow: Flow; readonly isExact: boolean }
  /** The errors, such as that of a connection that the workspace does not have any more. */
  | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Compiles an earlier revision of a flow with the plugins, the connections, the settings and the environment of today. Its constants are
 * those of its time, except for values of environment variables.
 *
 * @returns the flow under its own `revision`, also when a value of the environment has changed; or the errors. Never throws because of the
 *   text.
 */
export function compileRevision(
  input: Pick<WorkspaceInput, 'workspace' | 'plugins' | 'env' | 'failedPlugins'>,
  { flow: name, revision, source, constants }: EarlierRevision,
): RevisionResult {
  const file = readFlowFile({ file: `${name} of revision ${revision}`, bytes: Buffer.from(source) });
  const written = readDocuments({ file: `constants of ${name} of revision ${revision}`, bytes: Buffer.from(constants) });
  const tools = prepareTools(input, file.flows, { vars: written.documents[0]?.root, source: written.source });
  const plugins = new Plugins(input.plugins, (input.failedPlugins ?? []).length === 0, input.workspace.draft.connections);
  const [draft] = file.flows;
  const flow = draft && new FlowCompiler(draft, { ...tools, plugins }).compile();
  const findings = sortFindings([...written.report.findings, ...tools.report.findings, ...file.report.findings]);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (!flow || errors.length > 0) return { ok: false, findings: errors };
  return { ok: true, flow: { ...flow, revision }, isExact: flow.revision === revision };
}
