import { describe, expect, it } from '@jest/globals';
import { sluiceYaml } from './support/lint.js';
import { compile } from './support/workspace.js';

const HEAD = 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [order.created] } }\nsteps: [{ id: end, stop: {} }]\n';

describe('the caret of a finding about YAML', () => {
  it.each([
    ['YAML_QUOTE', 'description: a: b', ': '],
    ['YAML_QUOTE', "description: it's: x", ': '],
    ['YAML_QUOTE', 'note: {{ trigger.data.a }}', '{{ trigger.data.a }}'],
    ['YAML_QUOTE', 'vars: { a: ${{ env.A }} }', '${{'],
    ['YAML_QUOTE', 'vars: { a: @a }', '@'],
    ['YAML_QUOTE', 'description: `a`', '`'],
    ['YAML_QUOTE', "note: '${{ trigger.data.a = 'x' }}'", "'", 'x'],
    ['YAML_QUOTE', "vars: { a: '${{ env.A = 'x' }}' }", "'", 'x'],
    ['YAML_QUOTE', 'description: "a" b', '"', ' b'],
    ['YAML_QUOTE', 'description: "a \\d"', '\\d'],
    ['YAML_QUOTE', 'vars: { a: "\\d" }', '\\'],
    ['YAML_QUOTE', "description: 'abc", "'"],
    ['YAML_QUOTE', 'note: ${{ "Order #" & trigger.id }}', '#'],
    ['YAML_QUOTE', 'vars: { a: b #1 }', '#'],
    ['YAML_QUOTE', 'vars: { a: b: c }', 'b: c'],
    ['YAML_QUOTE', 'description: %a', '%'],
    ['YAML_ALIAS', 'vars: { a: *x }', '*x'],
    ['YAML_ALIAS', 'description: &x 1', '&x'],
    ['YAML_SYNTAX', 'description: !x 1', '!x'],
    ['YAML_SYNTAX', 'vars:\n\ta: 1', '\t'],
    ['YAML_SYNTAX', 'vars: { a: [1, 2 }', '}'],
    ['YAML_SYNTAX', 'deliver: key: a', ': '],
    ['YAML_SYNTAX', 'note: a\nnote: b', 'note'],
    ['YAML_NUMBER', 'vars: { account: 0101 }', '0101'],
    ['YAML_SPELLING', 'vars: { urgent: True }', 'True'],
    ['YAML_EMPTY', 'description: # 1', 'description'],
    ['YAML_CHARACTER', 'description: “Orders”', '“'],
    ['YAML_CHARACTER', 'vars:\n  a\u200b: 1', '\u200b'],
  ])('%s is under the wrong part of %j: %j', (code, text, marked, after = '') => {
    for (const source of [`${HEAD}${text}\n`, `${HEAD}${text}\n`.replaceAll('\n', '\r\n')]) {
      const { findings } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': source } });
      const found = findings.find((finding) => finding.code === code);
      const line = found?.source ?? '';
      expect(findings.map((finding) => finding.code)).toContain(code);
      expect(line.slice((found?.column ?? 0) - 1, (found?.endColumn ?? 0) - 1)).toBe(marked);
      expect(line.slice((found?.endColumn ?? 0) - 1).startsWith(after)).toBe(true);
    }
  });
});
