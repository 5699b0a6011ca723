import { describe, expect, it } from '@jest/globals';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { quickFixes } from '../src/code-actions.js';
import { editing, flowOf } from './editor.js';

describe('quick fixes', () => {
  it('applies the correction of a finding that the cursor touches, and no other', async () => {
    const steps = '  - id: save\n    use: onec-http.call\n    con‸ection: erp\n    timeout: 30\n    with: { method: M }';
    const { at, document, rangeOf } = await editing(flowOf(steps));
    const findings = at.workspace.lastLint?.findings ?? [];
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['FLOW_UNKNOWN_KEY', 'FLOW_DURATION']));
    const actions = quickFixes(findings, rangeOf(at.offset, at.offset), document.uri);
    expect(actions).toMatchObject([{ kind: 'quickfix', diagnostics: [{ code: 'FLOW_UNKNOWN_KEY' }] }]);
    const edits = actions[0]?.edit?.changes?.[document.uri] ?? [];
    expect(TextDocument.applyEdits(document, edits)).toBe(at.text.replace('conection', 'connection'));
    expect(quickFixes(findings, rangeOf(0, 0), document.uri)).toEqual([]);
  });
});
