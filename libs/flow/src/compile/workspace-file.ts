import type { Finding, SourceLocation, SourceFile } from '../model.js';
import { refuseExpressionKeys } from '../lint/expression-keys.js';
import { readWorkspace } from '../workspace/read-workspace.js';
import type { WorkspaceDraft } from '../workspace/drafts.js';
import { readDocuments } from '../yaml/read-documents.js';
import { firstUnit, type SourceText } from '../yaml/source-text.js';
import { sortFindings } from '../report.js';

/** sluice.yaml, as far as it can be read before its plugins are loaded. */
export interface WorkspaceFile {
  /** npm packages or `./folders`, in loading order. */
  readonly plugins: readonly { readonly name: string; readonly location: SourceLocation }[];
  readonly draft: WorkspaceDraft;
  readonly source: SourceText;
  /** Findings about its grammar. `compileWorkspace` returns them again, among its other findings. */
  readonly findings: readonly Finding[];
}

/** Reads sluice.yaml. `file` is absent when its root cannot be read as a map. Never throws. */
export function parseWorkspaceFile(source: SourceFile): { readonly file?: WorkspaceFile; readonly findings: readonly Finding[] } {
  const { report, documents, source: text } = readDocuments(source);
  const [first, second] = documents;
  if (first === undefined && report.findings.length === 0) {
    report.error({ start: 0, end: 1 }, 'FLOW_EMPTY', 'this file is empty', { write: 'sluice: 1' });
  }
  if (second)
    report.error(firstUnit(second), 'FLOW_VALUE', 'sluice.yaml must be one document', {
      do: 'delete the "---"',
    });
  if (first?.root) refuseExpressionKeys(first.root, report);
  const draft = first?.root && readWorkspace(first.root, report);
  const findings = sortFindings(report.findings);
  return draft ? { file: { plugins: draft.plugins, draft, source: text, findings }, findings } : { findings };
}
