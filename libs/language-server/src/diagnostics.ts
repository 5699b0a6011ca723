import type { Finding, SourceRange } from '@sluice/flow';
import { DiagnosticSeverity, type Diagnostic, type Range } from 'vscode-languageserver/node';
import { MAX_FILE_BYTES, type Lint } from './workspace.js';

const SOURCE = 'sluice';

/** Returns the diagnostics of a lint, by file. Each finding becomes one. */
export function diagnosticsOf({ findings, tooLarge }: Lint): ReadonlyMap<string, readonly Diagnostic[]> {
  const byFile = new Map<string, Diagnostic[]>();
  for (const finding of findings) {
    const known = byFile.get(finding.file) ?? [];
    byFile.set(finding.file, known);
    known.push(diagnosticOf(finding));
  }
  for (const file of tooLarge) byFile.set(file, [tooLargeDiagnostic()]);
  return byFile;
}

/** Returns the range of a finding. Both count UTF-16 units; the protocol counts from 0. */
export function rangeOfFinding({ line, column, endColumn }: Finding): Range {
  return rangeOfSource({ line, column, endLine: line, endColumn });
}

/** Returns the range of a part of a file. */
export function rangeOfSource({ line, column, endLine, endColumn }: SourceRange): Range {
  return { start: { line: line - 1, character: column - 1 }, end: { line: endLine - 1, character: endColumn - 1 } };
}

/** Returns the diagnostic of a finding. */
export function diagnosticOf(finding: Finding): Diagnostic {
  const { code, message, write, do: cure } = finding;
  const how = write !== undefined ? `\nwrite: ${write}` : cure !== undefined ? `\ndo: ${cure}` : '';
  return { range: rangeOfFinding(finding), severity: severityOf(finding), code, source: SOURCE, message: `${message}${how}` };
}

/** The editor does not have the environment of the host, so a missing variable is not known to be a mistake. */
function severityOf({ code, severity }: Finding): DiagnosticSeverity {
  if (code === 'ENV_MISSING') return DiagnosticSeverity.Information;
  return severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
}

function tooLargeDiagnostic(): Diagnostic {
  const start = { line: 0, character: 0 };
  return {
    range: { start, end: { line: 0, character: 1 } },
    severity: DiagnosticSeverity.Warning,
    source: SOURCE,
    message: `this file has more than ${MAX_FILE_BYTES / 1024} KiB, so the editor does not check it\ndo: run "sluice lint", or divide the file`,
  };
}
