import type { FlowDraft } from '../grammar/drafts.js';
import { readFlow } from '../grammar/read-flow.js';
import { refuseExpressionKeys } from '../lint/expression-keys.js';
import type { SourceFile } from '../model.js';
import type { Report } from '../report.js';
import { readDocuments } from '../yaml/read-documents.js';

/** The flows of one file, as far as they can be read before plugins are asked. */
export interface FlowFile {
  readonly report: Report;
  readonly flows: readonly FlowDraft[];
  /** Some of it could not be read, so flows of it may be unknown. */
  readonly partial: boolean;
}

export function readFlowFile(file: SourceFile): FlowFile {
  const read = readAnew(file);
  lastRead.set(file, read);
  return read;
}

/** The flows of a file as it was read last, or read now. Its report is that of the first reading. */
export function flowsOf(file: SourceFile): FlowFile {
  return lastRead.get(file) ?? readFlowFile(file);
}

const lastRead = new WeakMap<SourceFile, FlowFile>();

function readAnew(file: SourceFile): FlowFile {
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

/** Flows are told apart by their names, over all files. */
export function reportDuplicates(flows: readonly FlowDraft[]): void {
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
