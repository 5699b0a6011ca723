import { flowsOf, readFlowFile } from '../compile/flow-files.js';
import { FlowCompiler } from '../compile/flows.js';
import { Plugins } from '../compile/plugins.js';
import { isTestFile, readTestFile, suitesByFlow, type TestFile } from '../compile/test-files.js';
import { prepareTools } from '../compile/tools.js';
import type { WorkspaceInput } from '../compile/workspace-input.js';
import { checkTests } from '../lint/tests.js';
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

/**
 * Finds out what the expressions of a file with flows or tests can read, with the checks of the lint. Never throws because of the content of a
 * file.
 *
 * @param others the other files: tests in them contain samples of answers, and flows in them are those that a test file tests
 */
export function analyseFile(input: AnalysisInput, file: SourceFile, others: readonly SourceFile[]): FileAnalysis {
  const places = new Places();
  if (isTestFile(file)) seeTests(readTestFile(file), input, others, places);
  else seeFlows(file, input, others, places);
  return places;
}

function seeFlows(file: SourceFile, input: AnalysisInput, others: readonly SourceFile[], places: Places): void {
  const { flows } = readFlowFile(file);
  const { draft, source } = input.workspace;
  const plugins = new Plugins(input.plugins, true, draft.connections);
  const tools = prepareTools(input, flows, { vars: draft.vars, source });
  const suites = suitesByFlow(others.filter(isTestFile).map(testsOf));
  for (const flow of flows) {
    const ids = new Set([...stepsOf(flow)].map(({ idNode }) => idNode));
    const seen = (node: ScalarNode, visible: Visible) => places.add(node, visible, ids.has(node));
    new FlowCompiler(flow, { ...tools, plugins, seen }, suites.get(flow.name)).check();
  }
}

function seeTests(file: TestFile, { plugins }: AnalysisInput, others: readonly SourceFile[], places: Places): void {
  const flows = others.filter((other) => !isTestFile(other)).flatMap((other) => flowsOf(other).flows);
  for (const suite of file.documents) {
    const flow = flows.find(({ name }) => name === suite.flow);
    if (flow) checkTests(flow, [suite], plugins, (node, visible) => places.add(node, visible, false));
  }
}

class Places implements FileAnalysis {
  private readonly scalars: { readonly node: ScalarNode; readonly visible: Visible }[] = [];
  private readonly steps: { readonly start: number; readonly visible: Visible }[] = [];

  add(node: ScalarNode, visible: Visible, isStep: boolean): void {
    if (isStep) this.steps.push({ start: node.start, visible });
    else this.scalars.push({ node, visible });
  }

  visibleAt(offset: number): Visible | undefined {
    return (
      this.scalars.find(({ node }) => node.start <= offset && offset <= node.end)?.visible ??
      this.steps.filter(({ start }) => start <= offset).toSorted((a, b) => b.start - a.start)[0]?.visible
    );
  }
}

/** Reads a test file once: editors analyse a file at each key. */
export function testsOf(file: SourceFile): TestFile {
  const known = readTests.get(file) ?? readTestFile(file);
  readTests.set(file, known);
  return known;
}

const readTests = new WeakMap<SourceFile, TestFile>();

/** Returns the roots that the expressions of sluice.yaml can read. */
export function visibleInWorkspaceFile(input: AnalysisInput): Visible {
  const { draft, source } = input.workspace;
  return prepareTools(input, [], { vars: draft.vars, source }).visible;
}
