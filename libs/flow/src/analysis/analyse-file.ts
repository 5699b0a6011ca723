import { readFlowFile } from '../compile/flow-files.js';
import { FlowCompiler } from '../compile/flows.js';
import { Plugins } from '../compile/plugins.js';
import { prepareTools } from '../compile/tools.js';
import type { WorkspaceInput } from '../compile/workspace-input.js';
import type { Visible } from '../lint/visible.js';
import type { SourceFile } from '../model.js';
import { stepsOf } from '../verbs/index.js';
import type { ScalarNode } from '../yaml/nodes.js';

/** The parts of a workspace that the analysis of one of its files needs. */
export type AnalysisInput = Pick<WorkspaceInput, 'workspace' | 'plugins' | 'env'>;

/** The roots that expressions of one file can read, by their places. */
export interface FileAnalysis {
  /**
   * Returns the roots that an expression at this offset can read. For a place that the readers could not interpret, such as a step that is
   * still being written, it returns the roots of the last step that begins before the offset. Undefined when there is none.
   */
  visibleAt(offset: number): Visible | undefined;
}

/** Finds out what the expressions of a flow file can read, with the checks of the lint. Never throws because of the content of the file. */
export function analyseFlowFile(input: AnalysisInput, file: SourceFile): FileAnalysis {
  const { flows } = readFlowFile(file);
  const { draft, source } = input.workspace;
  const plugins = new Plugins(input.plugins, true, draft.connections);
  const tools = prepareTools(input, flows, { vars: draft.vars, source });
  const scalars: { readonly node: ScalarNode; readonly visible: Visible }[] = [];
  const steps: { readonly start: number; readonly visible: Visible }[] = [];
  for (const flow of flows) {
    const ids = new Set([...stepsOf(flow)].map(({ idNode }) => idNode));
    const seen = (node: ScalarNode, visible: Visible) => {
      if (ids.has(node)) steps.push({ start: node.start, visible });
      else scalars.push({ node, visible });
    };
    new FlowCompiler(flow, { ...tools, plugins, seen }).check();
  }
  return {
    visibleAt: (offset) =>
      scalars.find(({ node }) => node.start <= offset && offset <= node.end)?.visible ??
      steps.filter(({ start }) => start <= offset).toSorted((a, b) => b.start - a.start)[0]?.visible,
  };
}

/** Returns the roots that the expressions of sluice.yaml can read. */
export function visibleInWorkspaceFile(input: AnalysisInput): Visible {
  const { draft, source } = input.workspace;
  return prepareTools(input, [], { vars: draft.vars, source }).visible;
}
