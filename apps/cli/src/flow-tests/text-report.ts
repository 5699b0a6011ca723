import type { EntryDifference, FlowTestResult, Mismatch } from '@sluice/flow-test';
import type { SourceFile } from '@sluice/flow';
import { FINDING_CODES, formatFinding } from '@sluice/flow';
import { oneLine, paint } from '../terminal/paint.js';

const MARGIN = ' '.repeat(6);
const SIGNS = { equal: ' ', missing: '-', surplus: '+' } as const;

/** Returns a result for people: one line when the test has passed, and otherwise each difference at its place in the file. */
export function resultText({ flow, name, mismatches, ms }: FlowTestResult, lineOf: (mismatch: Mismatch) => string): string {
  const title = `${flow}: ${oneLine(name)} ${paint.dim(`(${ms} ms)`)}`;
  if (mismatches.length === 0) return `${paint.green('ok')}   ${title}`;
  return [`${paint.red('FAIL')} ${title}`, ...mismatches.map((one) => mismatchText(one, lineOf(one)))].join('\n');
}

function mismatchText({ code, location, message, entries = [] }: Mismatch, source: string): string {
  const finding = { ...location, endColumn: endOfWord(source, location.column), code, severity: 'error', source } as const;
  // the difference itself is the cure of an expectation that does not hold
  const cure = code === 'TEST_FAILED' ? {} : { do: FINDING_CODES[code].cure };
  return [formatFinding({ ...finding, message: oneLine(message), ...cure }), ...entries.map(entryText)].join('\n');
}

function entryText({ kind, value }: EntryDifference): string {
  const line = `${MARGIN}${SIGNS[kind]} ${oneLine(value)}`;
  return kind === 'missing' ? paint.red(line) : kind === 'surplus' ? paint.green(line) : line;
}

/** Returns the column after the word or the quoted text that begins at a column. */
function endOfWord(source: string, column: number): number {
  const word = /^(?:'[^']*'|"[^"]*"|[^\s,\]}]+)/.exec(source.slice(column - 1))?.[0] ?? ' ';
  return column + word.length;
}

/** Returns a function that reads the line of a mismatch from the files. */
export function linesOf(files: readonly SourceFile[]): (mismatch: Mismatch) => string {
  const byFile = new Map(files.map((file) => [file.file, file]));
  const lines = new Map<string, readonly string[]>();
  return ({ location: { file, line } }) => {
    const known = lines.get(file) ?? new TextDecoder().decode(byFile.get(file)?.bytes).split(/\r?\n/);
    lines.set(file, known);
    return known[line - 1] ?? '';
  };
}
