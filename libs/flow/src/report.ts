import type { Finding } from './model.js';
import type { SourceText, Span } from './yaml/source-text.js';

export interface Cure {
  /** Text that can be pasted in place of what is wrong. */
  readonly write?: string | undefined;
  /** What to do where there is nothing to paste. */
  readonly do?: string | undefined;
}

/** Errors of one file that are collected: nobody reads more of them, and each quotes its line. */
const MAX_ERRORS = 500;

/** Collects the findings of one file. After the last error that it collects, one more says so, and nothing is added any more. */
export class Report {
  readonly findings: Finding[] = [];
  private errors = 0;

  constructor(readonly source: SourceText) {}

  error(at: Span, code: string, message: string, cure: Cure = {}): void {
    this.add('error', at, code, message, cure);
  }

  warning(at: Span, code: string, message: string, cure: Cure = {}): void {
    this.add('warning', at, code, message, cure);
  }

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  /** Nothing is collected any more, so nothing more needs to be checked. */
  get full(): boolean {
    return this.errors > MAX_ERRORS;
  }

  /** Is there an error behind the first so many findings? A full report may lack one. A warning keeps nothing from being compiled. */
  hasErrorsAfter(count: number): boolean {
    return this.full || this.findings.slice(count).some((finding) => finding.severity === 'error');
  }

  private add(severity: Finding['severity'], at: Span, code: string, message: string, cure: Cure): void {
    if (this.full) return;
    if (severity === 'error' && (this.errors += 1) > MAX_ERRORS) {
      this.collect(severity, at, 'FLOW_ERRORS', `this file has more than ${MAX_ERRORS} errors`, {
        do: 'mend the ones that are listed first: many of the others may follow from them',
      });
      return;
    }
    this.collect(severity, at, code, message, cure);
  }

  private collect(severity: Finding['severity'], at: Span, code: string, message: string, cure: Cure): void {
    const { line, column } = this.source.place(at.start);
    const lineEnd = this.source.lineEnd(line) - this.source.lineStart(line) + 1;
    const endColumn = Math.max(column + 1, Math.min(column + at.end - at.start, lineEnd));
    this.findings.push({
      file: this.source.file,
      line,
      column,
      endColumn,
      code,
      severity,
      message,
      ...(cure.write !== undefined && { write: cure.write }),
      ...(cure.do !== undefined && { do: cure.do }),
      source: this.source.line(line),
    });
  }
}

/** By file, line and column; findings at one place keep their order. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column);
}

/** Not by locale: the order must be the same on every machine. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
