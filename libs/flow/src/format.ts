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
    lines.push(`${String(finding.line).padStart(LINE_WIDTH)} | ${finding.source}`);
    lines.push(`${MARGIN}| ${caretLine(finding.source, finding.column, finding.endColumn)}`);
  }
  if (finding.write !== undefined) lines.push(`${MARGIN}write: ${indented(finding.write)}`);
  if (finding.do !== undefined) lines.push(`${MARGIN}do: ${indented(finding.do)}`);
  return lines.join('\n');
}

/** Formats findings with an empty line between them. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(formatFinding).join('\n\n');
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
