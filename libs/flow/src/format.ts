import type { Finding } from './model.js';

const LINE_WIDTH = 5;
const MARGIN = ' '.repeat(LINE_WIDTH + 1);

/**
 * Formats a finding for people: place, code and message, the source line, a caret under the wrong part, and the cure.
 * A finding without a source line has no caret.
 */
export function formatFinding(finding: Finding): string {
  const lines = [`${finding.file}:${finding.line}:${finding.column} ${finding.code} ${finding.message}`];
  if (finding.source !== undefined) {
    const { text, column, endColumn } = excerpt(finding.source, finding.column, finding.endColumn);
    lines.push(`${String(finding.line).padStart(LINE_WIDTH)} | ${text}`);
    lines.push(`${MARGIN}| ${caretLine(text, column, endColumn)}`);
  }
  if (finding.write !== undefined) lines.push(`${MARGIN}write: ${indented(finding.write)}`);
  if (finding.do !== undefined) lines.push(`${MARGIN}do: ${indented(finding.do)}`);
  return lines.join('\n');
}

/** Formats findings with an empty line between them. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(formatFinding).join('\n\n');
}

/** Maximum characters of a source line to show. */
const MAX_LINE = 400;
/** Characters to show before the wrong part of a longer line. */
const BEFORE = 80;

/** Returns the part of a line around the wrong part: a file that a program wrote may be one line of megabytes. */
function excerpt(source: string, column: number, endColumn: number): { text: string; column: number; endColumn: number } {
  if (source.length <= MAX_LINE) return { text: source, column, endColumn };
  const from = Math.max(0, column - 1 - BEFORE);
  const shown = source.slice(from, from + MAX_LINE);
  const lead = from > 0 ? '…' : '';
  const moved = lead.length - from;
  const text = `${lead}${shown}${from + MAX_LINE < source.length ? '…' : ''}`;
  return { text, column: column + moved, endColumn: Math.min(endColumn + moved, text.length) };
}

/** Returns the line with the caret. Tabs remain, so that the caret lines up at any tab width; combining marks have no width. */
function caretLine(source: string, column: number, endColumn: number): string {
  const before = source
    .slice(0, column - 1)
    .replace(/\p{M}/gu, '')
    .replace(/[^\t]/gu, ' ');
  const marked = source.slice(column - 1, endColumn - 1).replace(/\p{M}/gu, '');
  return before + '^'.repeat(Math.max(1, Array.from(marked).length));
}

function indented(text: string): string {
  return text.replaceAll('\n', `\n${MARGIN}       `);
}
