import type { Finding } from './model.js';

const LINE_WIDTH = 5;
const MARGIN = ' '.repeat(LINE_WIDTH + 1);

/**
 * A finding as people read it: place, code and message, the source line, a caret under what is wrong, and the cure.
 * Without a source line the caret is left out.
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

/** Findings one below the other, an empty line between them. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(formatFinding).join('\n\n');
}

/** A tab stays a tab, so that the caret lines up whatever its width; a combining mark takes no room. */
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
