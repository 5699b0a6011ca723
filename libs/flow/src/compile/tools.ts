import type { FlowDraft } from '../grammar/drafts.js';
import { ExpressionCheck } from '../lint/expressions.js';
import { objectShape, shapeOfNode } from '../lint/shapes.js';
import { Report } from '../report.js';
import { textsOf } from '../texts.js';
import { toValue, type MapNode } from '../yaml/nodes.js';
import type { SourceText } from '../yaml/source-text.js';
import type { WorkspaceInput } from './workspace-input.js';
import type { WorkspaceTools } from './connections.js';
import { Constants } from './constants.js';
import { Environment } from './environment.js';
import { protectSecrets } from './secrets.js';

/** The constants of a workspace as they are written. */
export interface WrittenConstants {
  readonly vars: MapNode | undefined;
  /** The text that contains `vars`. */
  readonly source: SourceText;
}

/**
 * Prepares the tools that compile connections, issuers and flows: the environment with its secrets protected, and the constants. The report
 * is about the text of the constants.
 */
export function prepareTools(
  { workspace, plugins, env }: Pick<WorkspaceInput, 'workspace' | 'plugins' | 'env'>,
  flows: readonly FlowDraft[],
  written: WrittenConstants,
): WorkspaceTools {
  const { draft } = workspace;
  const { settings } = draft;
  const report = new Report(written.source);
  const texts = textsOf(written.source);
  const expressions = new ExpressionCheck(texts, report);
  const environment = new Environment(env);
  const constants = new Constants(environment.values, settings);
  protectSecrets(draft, flows, plugins, environment, textsOf(workspace.source));
  expressions.values(written.vars, { env: environment.inConstants });
  const evaluated = report.hasErrors ? undefined : constants.evaluate(written.vars, {}, texts, report);
  const vars = (evaluated?.value ?? {}) as Readonly<Record<string, unknown>>;
  const varsText = JSON.stringify(written.vars ? toValue(written.vars) : {});
  const varsShape = written.vars ? shapeOfNode(written.vars, 'vars', true) : objectShape('vars', {});
  const visible = { vars: varsShape, env: environment.atStart };
  return { report, texts, expressions, constants, environment, settings, vars, varsText, varsShape, visible };
}
