import type { FlowDraft } from '../grammar/drafts.js';
import { readFields, type KeyTable } from '../grammar/fields.js';
import { readVersion, TESTS_CURE } from '../grammar/read-flow.js';
import { readName } from '../grammar/read-names.js';
import { refuseExpressionKeys } from '../lint/expression-keys.js';
import type { SourceFile } from '../model.js';
import { namesListed, nearest } from '../nearest.js';
import { replacing, type Report } from '../report.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { readDocuments } from '../yaml/read-documents.js';

/** Tests of one flow that stand in one file: beside the flow, or in a test file. */
export interface TestSuite {
  readonly report: Report;
  readonly tests: readonly YamlNode[];
}

/** The tests of one document of a test file. */
interface TestDocument extends TestSuite {
  readonly flow: string;
  readonly flowNode: ScalarNode;
}

/** A file `*.test.yaml`: tests of flows that stand in other files. */
export interface TestFile {
  readonly report: Report;
  readonly documents: readonly TestDocument[];
}

const TEST_FILE: KeyTable = {
  of: 'a test file',
  keys: ['sluice', 'flow', 'tests'],
  adds: {
    sluice: { write: 'sluice: 1' },
    flow: { do: 'add a line with the name of the flow that the tests run, for instance "flow: save-order"' },
    tests: { do: 'add "tests:", and below it "- name: …" with what happens and what is expected' },
  },
  hint: 'a file *.test.yaml contains tests only: write the flow itself in another file',
};

/** Returns whether the file contains tests of flows and no flows, by its name. */
export function isTestFile({ file }: Pick<SourceFile, 'file'>): boolean {
  return /\.test\.ya?ml$/.test(file);
}

/** Reads a test file. Each document names its flow, and contains its tests. */
export function readTestFile(file: SourceFile): TestFile {
  const { report, documents } = readDocuments(file);
  if (documents.length === 0 && report.findings.length === 0)
    report.error({ start: 0, end: 1 }, 'FLOW_EMPTY', 'this file contains no test', { do: 'write one, or delete the file' });
  const read: TestDocument[] = [];
  for (const { root } of documents) {
    if (!root) continue;
    refuseExpressionKeys(root, report);
    const fields = readFields(root, TEST_FILE, report);
    if (!fields) continue;
    readVersion(fields, report);
    const flowNode = fields.need('flow');
    const flow = readName(flowNode, 'flow', report);
    const tests = fields.need('tests');
    if (tests && tests.kind !== 'list') report.error(tests, 'TEST_SHAPE', 'tests is a list', TESTS_CURE);
    if (flow === undefined || flowNode?.kind !== 'scalar' || tests?.kind !== 'list') continue;
    read.push({ report, flow, flowNode, tests: tests.items });
  }
  return { report, documents: read };
}

/** Reports test files that name a flow which does not exist. */
export function reportUnknownFlows(files: readonly TestFile[], flows: ReadonlyMap<string, FlowDraft>): void {
  for (const { report, flow, flowNode } of files.flatMap(({ documents }) => documents)) {
    if (flows.has(flow)) continue;
    const near = nearest(flow, flows.keys());
    report.error(
      flowNode,
      'REF_FLOW',
      `no flow is called "${flow}"`,
      near === undefined ? { do: namesListed('flows', flows.keys()) } : replacing(flowNode, near),
    );
  }
}

/** Returns the tests of each flow in test files, in the order of the files. */
export function suitesByFlow(files: readonly TestFile[]): ReadonlyMap<string, readonly TestSuite[]> {
  const byFlow = new Map<string, TestSuite[]>();
  for (const document of files.flatMap(({ documents }) => documents)) {
    const suites = byFlow.get(document.flow) ?? [];
    byFlow.set(document.flow, suites);
    suites.push(document);
  }
  return byFlow;
}
