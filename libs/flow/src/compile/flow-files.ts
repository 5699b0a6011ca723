import type { FlowDraft } from '../grammar/drafts.js';
import { readFlow } from '../grammar/read-flow.js';
import { refuseExpressionKeys } from '../lint/expression-keys.js';
import type { SourceFile } from '../model.js';
import type { Report } from '../report.js';
import { readDocuments } from '../yaml/read-documents.js';

/** The flows of one file, as far as they can be read without the plugins. */
export interface FlowFile {
  readonly report: Report;
  readonly flows: readonly FlowDraft[];
  /** True when a part of the file could not be read, so that some of its flows may be unknown. */
  readonly partial: boolean;
}

export function readFlowFile(file: SourceFile): FlowFile {
  const read = readAnew(file);
  lastRead.set(file, read);
  return read;
}

/** Returns the texts of the YAML documents of a file, without those that are empty; the whole text when it cannot be read as YAML. */
export function documentTexts(file: SourceFile): readonly string[] {
  const { source, report, documents } = readDocuments(file);
  const texts = documents.flatMap(({ root, start, end }) => (root ? [source.text.slice(start, end)] : []));
  return report.hasErrors || texts.length === 0 ? [source.text] : texts;
}

/** Records that a file has the flows of another reading, because their contents are equal. */
export function rememberReading(file: SourceFile, read: FlowFile): void {
  lastRead.set(file, read);
}

/** Returns the flows of the last reading of this file; reads it when there was no reading yet. */
export function flowsOf(file: SourceFile): FlowFile {
  return lastRead.get(file) ?? readFlowFile(file);
}

const lastRead = new WeakMap<SourceFile, FlowFile>();

function readAnew(file: SourceFile): FlowFile {
  const { source, report, documents } = readDocuments(file);
  if (documents.length === 0 && report.findings.length === 0) {
    report.error({ start: 0, end: 1 }, 'FLOW_EMPTY', 'this file contains no flow', { do: 'write one, or delete the file' });
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

/** Reports flows of the same name, over all files. Returns the reported ones. */
export function reportDuplicates(flows: readonly FlowDraft[]): ReadonlySet<FlowDraft> {
  const first = new Map<string, FlowDraft>();
  const reported = new Set<FlowDraft>();
  for (const flow of flows) {
    const other = first.get(flow.name);
    if (other === undefined) {
      first.set(flow.name, flow);
      continue;
    }
    const { file } = other.report.source;
    const { line } = other.report.source.location(other.nameNode.start);
    flow.report.error(flow.nameNode, 'FLOW_DUPLICATE', `${file}:${line} already defines a flow "${flow.name}"`, {
      do: 'rename one of the two',
    });
    reported.add(flow);
  }
  return reported;
}
