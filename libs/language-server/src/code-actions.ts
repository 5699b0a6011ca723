import type { Finding } from '@sluice/flow';
import { CodeActionKind, type CodeAction, type Position, type Range, type TextEdit } from 'vscode-languageserver/node';
import { diagnosticOf, rangeOfFinding, rangeOfSource } from './diagnostics.js';

/** Returns the quick fixes of the findings that touch a range: the edits that the lint knows to be mechanical. */
export function quickFixes(findings: readonly Finding[], { start, end }: Range, uri: string): CodeAction[] {
  return findings.flatMap((finding) => {
    const { fix, write } = finding;
    const own = rangeOfFinding(finding);
    if (!fix || isBefore(own.end, start) || isBefore(end, own.start)) return [];
    const edits = fix.map(({ range, text }): TextEdit => ({ range: rangeOfSource(range), newText: text }));
    return [
      {
        title: `write: ${write ?? 'the correction'}`,
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnosticOf(finding)],
        isPreferred: true,
        edit: { changes: { [uri]: edits } },
      },
    ];
  });
}

function isBefore(one: Position, other: Position): boolean {
  return one.line < other.line || (one.line === other.line && one.character < other.character);
}
