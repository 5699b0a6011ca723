import type { FlowDraft } from '../grammar/drafts.js';
import { checkCallData } from '../lint/call-data.js';
import { checkCalls } from '../lint/calls.js';
import { checkEvents } from '../lint/graph.js';
import { checkOrder } from '../lint/order.js';
import { checkRoutes } from '../lint/routes.js';
import { checkTests } from '../lint/tests.js';
import type { ConnectionSpec, Finding, Issuer, SourceFile } from '../model.js';
import { sortFindings } from '../report.js';
import { compileConnection, compileIssuer, type WorkspaceTools } from './connections.js';
import { readFlowFile, rememberReading, reportDuplicates, type FlowFile } from './flow-files.js';
import { FlowCompiler, type CheckedFlow } from './flows.js';
import { Plugins } from './plugins.js';
import { isTestFile, readTestFile, reportUnknownFlows, suitesByFlow, type TestFile, type TestSuite } from './test-files.js';
import { prepareTools } from './tools.js';
import type { WorkspaceInput } from './workspace-input.js';

/** A flow whose own check is done. */
export interface CheckedDraft {
  readonly draft: FlowDraft;
  readonly compiler: FlowCompiler;
  /** Absent when the flow has an error. */
  readonly checked?: CheckedFlow;
}

/** A workspace that is checked and not yet compiled. */
export interface CheckedWorkspace {
  /** All findings, sorted by place. */
  readonly findings: readonly Finding[];
  /** True when nothing can be compiled: a finding is an error, or a plugin failed to load. */
  readonly hasErrors: boolean;
  readonly connections: readonly ConnectionSpec[];
  readonly issuers: readonly Issuer[];
  readonly flows: readonly CheckedDraft[];
  readonly tools: WorkspaceTools;
}

/**
 * Checks workspaces, and remembers the result of each file: a file that did not change is neither read nor checked again. The checks
 * between files, such as for events that no flow takes, are made each time.
 */
export class WorkspaceChecker {
  #files: ReadonlyMap<string, CheckedFile> = new Map();
  #testFiles: ReadonlyMap<string, CheckedTestFile> = new Map();
  #surroundings: Surroundings | undefined;

  /** Never throws because of the content of a file. The findings of an earlier result must not be used any more. */
  check(input: WorkspaceInput): CheckedWorkspace {
    const { draft, source, findings: ofSpelling } = input.workspace;
    const failed = input.failedPlugins ?? [];
    const plugins = new Plugins(input.plugins, failed.length === 0, draft.connections);
    const flowFiles = input.flows.filter((file) => !isTestFile(file));
    const files = flowFiles.map((file) => this.#read(file));
    const testFiles = input.flows.filter(isTestFile).map((file) => this.#readTests(file));
    const suites = suitesByFlow(testFiles.map(({ read }) => read));
    const drafts = files.flatMap(({ read }) => read.flows);
    const tools = prepareTools(input, drafts, { vars: draft.vars, source });

    const connections = draft.connections
      .map((connection) => compileConnection(connection, plugins, tools))
      .filter((one) => one !== undefined);
    const issuers = draft.issuers.map((issuer) => compileIssuer(issuer, tools)).filter((one) => one !== undefined);
    const surroundings: Surroundings = { ...input, failed: failed.length > 0, secrets: tools.environment.secretNames.join() };
    const isSame = this.#surroundings !== undefined && areEqual(this.#surroundings, surroundings);
    const flows = files.flatMap((file) =>
      checkFile(file, isSame, suites, (flow, own) => new FlowCompiler(flow, { ...tools, plugins }, own)),
    );
    const byName = new Map(drafts.toReversed().map((flow) => [flow.name, flow]));
    for (const file of testFiles) checkTestFile(file, isSame, byName, input.plugins);
    this.#surroundings = surroundings;
    this.#files = new Map(flowFiles.map(({ file }, index) => [file, files[index] as CheckedFile]));
    this.#testFiles = new Map(testFiles.map((file) => [file.read.report.source.file, file]));

    if (files.every(({ read }) => !read.partial))
      reportUnknownFlows(
        testFiles.map(({ read }) => read),
        byName,
      );
    checkAcross(flows, files, input, new Set(connections.filter(({ pace }) => pace !== undefined).map(({ name }) => name)));
    const findings = sortFindings([
      ...ofSpelling,
      ...tools.report.findings,
      ...[...files, ...testFiles].flatMap(({ read }) => read.report.findings),
    ]);
    const hasErrors = failed.length > 0 || findings.some((finding) => finding.severity === 'error');
    return { findings, hasErrors, connections, issuers, flows, tools };
  }

  #read(file: SourceFile): CheckedFile {
    const known = this.#files.get(file.file);
    if (known === undefined || !Buffer.from(known.bytes).equals(file.bytes)) {
      const read = readFlowFile(file);
      return { bytes: file.bytes, read, readMark: read.report.mark };
    }
    rememberReading(file, known.read);
    return known;
  }

  #readTests(file: SourceFile): CheckedTestFile {
    const known = this.#testFiles.get(file.file);
    if (known !== undefined && Buffer.from(known.bytes).equals(file.bytes)) return known;
    const read = readTestFile(file);
    return { bytes: file.bytes, read, readMark: read.report.mark };
  }
}

/** A file with the results of its check. The marks are the numbers of its findings after each part of the work. */
interface CheckedFile {
  readonly bytes: Uint8Array;
  readonly read: FlowFile;
  readonly readMark: number;
  /** `suites`: the tests of its flows in other files, one list for each flow. */
  flows?: {
    readonly checked: readonly CheckedDraft[];
    readonly suites: readonly (readonly TestSuite[])[];
    readonly mark: number;
  };
}

/** A test file with the results of its check, as {@link CheckedFile}. */
interface CheckedTestFile {
  readonly bytes: Uint8Array;
  readonly read: TestFile;
  readonly readMark: number;
  /** `flows`: the flow of each document, as it was checked; undefined for a flow that does not exist. */
  tests?: { readonly flows: readonly (FlowDraft | undefined)[]; readonly mark: number };
}

const NO_SUITES: readonly TestSuite[] = [];

/** @param suites the tests in test files, by the name of the flow */
function checkFile(
  file: CheckedFile,
  reuse: boolean,
  suites: ReadonlyMap<string, readonly TestSuite[]>,
  compilerOf: (draft: FlowDraft, suites: readonly TestSuite[]) => FlowCompiler,
): readonly CheckedDraft[] {
  const { report } = file.read;
  const suitesNow = file.read.flows.map(({ name }) => suites.get(name) ?? NO_SUITES);
  const isSame = file.flows?.suites.every((before, index) => haveSameItems(before, suitesNow[index] ?? NO_SUITES));
  if (reuse && file.flows && isSame) {
    report.rewind(file.flows.mark);
    return file.flows.checked;
  }
  report.rewind(file.readMark);
  const checked = file.read.flows.map((draft, index) => {
    const compiler = compilerOf(draft, suitesNow[index] ?? NO_SUITES);
    const result = compiler.check();
    return { draft, compiler, ...(result && { checked: result }) };
  });
  file.flows = { checked, suites: suitesNow, mark: report.mark };
  return checked;
}

function checkTestFile(
  file: CheckedTestFile,
  reuse: boolean,
  flows: ReadonlyMap<string, FlowDraft>,
  plugins: WorkspaceInput['plugins'],
): void {
  const { report, documents } = file.read;
  const flowsNow = documents.map(({ flow }) => flows.get(flow));
  if (reuse && file.tests && haveSameItems(file.tests.flows, flowsNow)) return report.rewind(file.tests.mark);
  report.rewind(file.readMark);
  for (const [index, document] of documents.entries()) {
    const flow = flowsNow[index];
    if (flow) checkTests(flow, [document], plugins);
  }
  file.tests = { flows: flowsNow, mark: report.mark };
}

function haveSameItems(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** Checks the relations between flows. */
function checkAcross(
  flows: readonly CheckedDraft[],
  files: readonly CheckedFile[],
  { workspace: { draft }, plugins }: WorkspaceInput,
  paced: ReadonlySet<string>,
): void {
  const drafts = flows.map((flow) => flow.draft);
  const duplicates = reportDuplicates(drafts);
  for (const flow of drafts) checkOrder(flow, paced);
  checkRoutes(
    flows.flatMap((flow) =>
      flow.checked && !duplicates.has(flow.draft) ? [{ draft: flow.draft, trigger: flow.checked.trigger }] : [],
    ),
    plugins,
  );
  checkCallData(drafts);
  const isComplete = files.every(({ read }) => !read.partial);
  checkCalls(drafts, isComplete);
  // a flow that could not be read may take or emit any event
  if (isComplete && drafts.every((flow) => !flow.partial))
    checkEvents(
      drafts,
      draft.issuers.flatMap(({ events }) => events),
    );
}

/** All that the check of one flow depends on, beside its file. */
interface Surroundings extends Pick<WorkspaceInput, 'workspace' | 'plugins' | 'env'> {
  readonly failed: boolean;
  /** The names of the variables that flows must not read: the triggers of other flows add some. */
  readonly secrets: string;
}

function areEqual(one: Surroundings, other: Surroundings): boolean {
  return (
    one.workspace.source.text === other.workspace.source.text &&
    one.plugins === other.plugins &&
    one.env === other.env &&
    one.failed === other.failed &&
    one.secrets === other.secrets
  );
}
