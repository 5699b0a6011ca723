import type { FindingCode } from './codes.js';
import type { Finding, TextEdit } from './model.js';
import type { SourceText, Span } from './yaml/source-text.js';

/** What the reader of a finding does about it: a text to write, or an instruction. Each finding has one. */
export type Cure = Correction | Instruction;

interface Correction {
  /** Text to paste in place of the wrong part. */
  readonly write: string;
  readonly do?: string | undefined;
  /** The edits that carry out `write`, where that is mechanical. */
  readonly fix?: readonly Edit[] | undefined;
}

interface Instruction {
  /** An instruction, where there is no text to paste. */
  readonly do: string;
  readonly write?: undefined;
  readonly fix?: undefined;
}

/** One replacement, by offsets in the text of the file. */
export interface Edit extends Span {
  readonly text: string;
}

/**
 * Returns the cure that replaces a part of the file.
 * @param write the text that the finding shows; `text` when absent
 */
export function replacing({ start, end }: Span, text: string, write = text): Cure {
  return { write, fix: [{ start, end, text }] };
}

/** Maximum errors to collect of one file: more would not be read, and each quotes its line. */
const MAX_ERRORS = 500;
/** Maximum warnings to collect of one file. */
const MAX_WARNINGS = 500;

/**
 * Collects the findings of one file. When the maximum of errors is exceeded, it adds one last error about that and ignores all others;
 * when the maximum of warnings is exceeded, one last warning, and it ignores further warnings.
 */
export class Report {
  readonly findings: Finding[] = [];
  private errors = 0;
  private warnings = 0;

  constructor(readonly source: SourceText) {}

  error(at: Span, code: FindingCode, message: string, cure: Cure): void {
    this.add('error', at, code, message, cure);
  }

  warning(at: Span, code: FindingCode, message: string, cure: Cure): void {
    this.add('warning', at, code, message, cure);
  }

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  /** True when further findings are ignored, so that further checks are unnecessary. */
  get full(): boolean {
    return this.errors > MAX_ERRORS;
  }

  /** Returns the number of findings so far, for {@link Report.rewind}. */
  get mark(): number {
    return this.findings.length;
  }

  /** Tells whether this code was reported at the beginning of the span. */
  hasAt({ start }: Span, code: FindingCode): boolean {
    const { line, column } = this.source.location(start);
    return this.findings.some((finding) => finding.code === code && finding.line === line && finding.column === column);
  }

  /** Forgets the findings after a mark, so that a later check can be made again. */
  rewind(mark: number): void {
    if (mark >= this.findings.length) return;
    this.findings.length = mark;
    this.errors = this.findings.filter(({ severity }) => severity === 'error').length;
    this.warnings = mark - this.errors;
  }

  /**
   * Returns whether an error was reported after the first `count` findings. Warnings do not count: they do not prevent compilation.
   * A full report may have ignored an error, so it always returns true.
   */
  hasErrorsAfter(count: number): boolean {
    return this.full || this.findings.slice(count).some((finding) => finding.severity === 'error');
  }

  private add(severity: Finding['severity'], at: Span, code: FindingCode, message: string, cure: Cure): void {
    if (this.full) return;
    if (severity === 'error' && (this.errors += 1) > MAX_ERRORS) {
      this.collect(severity, at, 'FLOW_ERRORS', `this file has more than ${MAX_ERRORS} errors`, {
        do: 'correct the first ones: they may have caused many of the others',
      });
      return;
    }
    if (severity === 'warning' && (this.warnings += 1) > MAX_WARNINGS) {
      if (this.warnings > MAX_WARNINGS + 1) return;
      this.collect(severity, at, 'FLOW_WARNINGS', `this file has more than ${MAX_WARNINGS} warnings`, {
        do: 'correct the first ones, or divide the file',
      });
      return;
    }
    this.collect(severity, at, code, message, cure);
  }

  private collect(severity: Finding['severity'], at: Span, code: FindingCode, message: string, cure: Cure): void {
    const { line, column } = this.source.location(at.start);
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
      ...(cure.fix !== undefined && { fix: cure.fix.map((edit) => this.textEdit(edit)) }),
      source: this.source.line(line),
    });
  }

  private textEdit({ start, end, text }: Edit): TextEdit {
    const { line, column } = this.source.location(start);
    const last = this.source.location(end);
    return { range: { line, column, endLine: last.line, endColumn: last.column }, text };
  }
}

/** Sorts findings by file, line and column; findings at the same place keep their order. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column);
}

/** Compares texts without the locale, so that the order is the same on every machine. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
