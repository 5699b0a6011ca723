import { describe, expect, it } from '@jest/globals';
import { applyFixes } from '../src/fixes.js';
import type { Finding } from '../src/model.js';
import { sluiceYaml } from './support/lint.js';
import { compile } from './support/workspace.js';

/** A step between comments and odd spaces, which each fix must keep. */
function around(step: string): string {
  return `# head\nsluice: 1\nflow:  a   # name\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n  # before\n${step}  # behind\n`;
}

function findingsOf(text: string, workspace = sluiceYaml): readonly Finding[] {
  return compile({ workspace, flows: { 'a.yaml': text } }).findings.filter(({ file }) => file === 'a.yaml');
}

function counted(findings: readonly Finding[], wanted: string): number {
  return findings.filter(({ code }) => code === wanted).length;
}

/** Applies the fixes of one code until there are none left, as `sluice lint --fix` does. */
function fixed(text: string, code: string): { readonly text: string; readonly left: readonly Finding[] } {
  let current = text;
  for (let pass = 0; pass < 5; pass++) {
    const result = applyFixes(
      current,
      findingsOf(current).filter((finding) => finding.code === code),
    );
    if (result.fixed.length === 0) break;
    current = result.text;
  }
  return { text: current, left: findingsOf(current) };
}

const CALL = 'use: onec-http.call, connection: erp, with: { method: M }';

describe('fixes in steps', () => {
  it.each([
    [
      'a key near another',
      'FLOW_UNKNOWN_KEY',
      `- { id: a, use: onec-http.call, conection: erp, with: { method: M } }`,
      `- { id: a, ${CALL} }`,
    ],
    ['a key of another system', 'FLOW_UNKNOWN_KEY', '- { name: a, stop: {} }', '- { id: a, stop: {} }'],
    [
      'an entry of another system',
      'FLOW_UNKNOWN_KEY',
      `- id: a\n    call: { flow: b }\n    flow: b`,
      `- id: a\n    call: { flow: b }\n    call: { flow: b }`,
    ],
    [
      'a key of an action',
      'FLOW_UNKNOWN_KEY',
      `- { id: a, use: onec-http.call, connection: erp, with: { metod: M } }`,
      `- { id: a, ${CALL} }`,
    ],
    ['a duration without a unit', 'FLOW_DURATION', `- { id: a, timeout: 30, ${CALL} }`, `- { id: a, timeout: 30s, ${CALL} }`],
    ['a duration in words', 'FLOW_DURATION', `- { id: a, timeout: '5 минут', ${CALL} }`, `- { id: a, timeout: 5m, ${CALL} }`],
    ['the id of a step', 'FLOW_NAME', `- { id: save-order, stop: {} }`, `- { id: saveOrder, stop: {} }`],
    [
      'the code of an error',
      'FLOW_NAME',
      `- { id: a, raise: { code: noStock, message: m } }`,
      `- { id: a, raise: { code: NO_STOCK, message: m } }`,
    ],
    ['a plugin', 'REF_PLUGIN', `- { id: a, use: onec-htp.call, connection: erp, with: { method: M } }`, `- { id: a, ${CALL} }`],
    ['an action', 'REF_ACTION', `- { id: a, use: onec-http.cal, connection: erp, with: { method: M } }`, `- { id: a, ${CALL} }`],
    [
      'a connection',
      'REF_CONNECTION',
      `- { id: a, use: asterisk-ami.dial, connection: pbxx, with: {} }`,
      `- { id: a, use: asterisk-ami.dial, connection: pbx, with: {} }`,
    ],
    ['a word of a choice', 'FLOW_VALUE', `- { id: a, priority: nomal, ${CALL} }`, `- { id: a, priority: normal, ${CALL} }`],
    [
      'a condition without marks',
      'FLOW_VALUE',
      `- { id: a, if: trigger.data.vip, stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.vip }}', stop: {} }`,
    ],
    ['a condition in words', 'FLOW_VALUE', `- { id: a, if: yes, stop: {} }`, `- { id: a, if: true, stop: {} }`],
    [
      'a list without marks',
      'FLOW_VALUE',
      `- { id: a, forEach: { in: trigger.data.lines, steps: [{ id: b, stop: {} }] } }`,
      `- { id: a, forEach: { in: '\${{ trigger.data.lines }}', steps: [{ id: b, stop: {} }] } }`,
    ],
    ['a call without a map', 'FLOW_VALUE', `- { id: a, call: reserve-line }`, `- { id: a, call: { flow: reserve-line } }`],
    [
      'a number in quotes',
      'FLOW_VALUE',
      `- { id: a, retry: { attempts: '5' }, ${CALL} }`,
      `- { id: a, retry: { attempts: 5 }, ${CALL} }`,
    ],
    [
      'a number in place of a text',
      'FLOW_VALUE',
      `- { id: a, emit: { type: x.y, subject: 5 } }`,
      `- { id: a, emit: { type: x.y, subject: '5' } }`,
    ],
    [
      'an expression in other marks',
      'EXPR_MARK',
      `- { id: a, stop: { reason: 'n \${trigger.data.n}' } }`,
      `- { id: a, stop: { reason: 'n \${{ trigger.data.n }}' } }`,
    ],
    [
      'an expression that is not closed',
      'EXPR_UNCLOSED',
      `- { id: a, stop: { reason: 'n \${{ trigger.data.n }' } }`,
      `- { id: a, stop: { reason: 'n \${{ trigger.data.n }}' } }`,
    ],
    [
      'an operator of another language',
      'EXPR_SYNTAX',
      `- { id: a, if: '\${{ trigger.data.a == 1 && trigger.data.b === 2 }}', stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.a = 1 and trigger.data.b = 2 }}', stop: {} }`,
    ],
    [
      'a name with a space',
      'EXPR_SYNTAX',
      `- { id: a, if: '\${{ trigger.data.Номер заказа = 1 }}', stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.\`Номер заказа\` = 1 }}', stop: {} }`,
    ],
    [
      'a root of another tool',
      'EXPR_ROOT',
      `- { id: a, if: '\${{ msg.payload.lines[n = 1].vip = 1 }}', stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.lines[n = 1].vip = 1 }}', stop: {} }`,
    ],
    [
      'a root in a filter',
      'EXPR_INNER_ROOT',
      `- { id: a, if: '\${{ trigger.data.lines[n = trigger.data.n].vip = 1 }}', stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.lines[n = $$.trigger.data.n].vip = 1 }}', stop: {} }`,
    ],
    [
      'a name with a dash',
      'EXPR_ROOT',
      `- { id: a, if: '\${{ trigger.data.order-id = 1 }}', stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.\`order-id\` = 1 }}', stop: {} }`,
    ],
    [
      'a text in brackets',
      'EXPR_BRACKET_KEY',
      `- { id: a, if: "\${{ trigger.data[\\"n\\"] = 1 }}", stop: {} }`,
      `- { id: a, if: "\${{ trigger.data.n = 1 }}", stop: {} }`,
    ],
    [
      'a key without quotes',
      'EXPR_KEY_QUOTES',
      `- { id: a, emit: { type: x.y, data: "\${{ { n: trigger.data.n } }}" } }`,
      `- { id: a, emit: { type: x.y, data: "\${{ { \\"n\\": trigger.data.n } }}" } }`,
    ],
    [
      'a function of another language',
      'EXPR_FUNCTION',
      `- { id: a, if: '\${{ $toUpper(trigger.data.n) = "A" }}', stop: {} }`,
      `- { id: a, if: '\${{ $uppercase(trigger.data.n) = "A" }}', stop: {} }`,
    ],
    [
      'a function without a dollar sign',
      'EXPR_FUNCTION',
      `- { id: a, if: '\${{ count(trigger.data.n) = 1 }}', stop: {} }`,
      `- { id: a, if: '\${{ $count(trigger.data.n) = 1 }}', stop: {} }`,
    ],
    [
      'a constant',
      'REF_VAR',
      `- { id: a, emit: { type: '\${{ vars.prefx }}' } }`,
      `- { id: a, emit: { type: '\${{ vars.prefix }}' } }`,
    ],
    [
      'a typographic quote',
      'EXPR_CHARACTER',
      `- { id: a, if: '\${{ trigger.data.n = “x” }}', stop: {} }`,
      `- { id: a, if: '\${{ trigger.data.n = "x" }}', stop: {} }`,
    ],
    [
      'a star at the beginning',
      'YAML_ALIAS',
      '- id: a\n    stop: { reason: x }\n    if: *x',
      `- id: a\n    stop: { reason: x }\n    if: '*x'`,
    ],
    [
      'a number that YAML changes',
      'YAML_NUMBER',
      `- { id: a, emit: { type: x.y, subject: 0101 } }`,
      `- { id: a, emit: { type: x.y, subject: '0101' } }`,
    ],
    ['a spelling of true', 'YAML_SPELLING', `- { id: a, if: True, stop: {} }`, `- { id: a, if: true, stop: {} }`],
    [
      'an expression without quotes in braces',
      'YAML_QUOTE',
      '- { id: a, if: ${{ trigger.data.vip }}, stop: {} }',
      `- { id: a, if: '\${{ trigger.data.vip }}', stop: {} }`,
    ],
    [
      'a text with a colon',
      'YAML_QUOTE',
      '- id: a\n    stop:\n      reason: Заказ: отменён',
      `- id: a\n    stop:\n      reason: 'Заказ: отменён'`,
    ],
    [
      'a typographic quote around a text',
      'YAML_CHARACTER',
      '- id: a\n    stop:\n      reason: “Отмена”',
      `- id: a\n    stop:\n      reason: 'Отмена'`,
    ],
    [
      'typographic quotes within a text',
      'YAML_CHARACTER',
      '- id: a\n    stop:\n      reason: Фирма “Отмена”',
      `- id: a\n    stop:\n      reason: 'Фирма “Отмена”'`,
    ],
    [
      'non-breaking spaces',
      'YAML_CHARACTER',
      '- id: a\n    stop:\n      reason: a\u00a0b\u00a0c',
      `- id: a\n    stop:\n      reason: a b c`,
    ],
    [
      'a key that is a number',
      'YAML_SYNTAX',
      '- { id: a, emit: { type: x.y, data: { 1: x } } }',
      `- { id: a, emit: { type: x.y, data: { '1': x } } }`,
    ],
  ])('correct %s and keep everything else: %s', (_, code, wrong, right) => {
    expect(counted(findingsOf(around(`  ${wrong}`)), code)).toBeGreaterThan(0);
    const result = fixed(around(`  ${wrong}`), code);
    expect(result.text).toBe(around(`  ${right}`));
    expect(counted(result.left, code)).toBe(0);
  });
});

describe('fixes in a flow', () => {
  const rest = 'steps: [{ id: a, stop: {} }]\n';
  const event = 'trigger: { use: event, with: { types: [order.created] } }\n';

  it.each([
    ['the version of the language', 'FLOW_VALUE', `sluice: '1'\nflow: a\n${event}${rest}`, `sluice: 1\nflow: a\n${event}${rest}`],
    [
      'the name of a flow',
      'FLOW_NAME',
      `sluice: 1\nflow: Save Order\n${event}${rest}`,
      `sluice: 1\nflow: save-order\n${event}${rest}`,
    ],
    [
      'one type in place of a list',
      'FLOW_VALUE',
      `sluice: 1\nflow: a\ntrigger: { use: event, with: { types: order.created } }\n${rest}`,
      `sluice: 1\nflow: a\n${event}${rest}`,
    ],
    [
      'a cron expression with seconds',
      'FLOW_VALUE',
      `sluice: 1\nflow: a\ntrigger: { use: schedule, with: { cron: '0 30 3 * * *' } }\n${rest}`,
      `sluice: 1\nflow: a\ntrigger: { use: schedule, with: { cron: '30 3 * * *' } }\n${rest}`,
    ],
    [
      'a trigger of another system',
      'FLOW_VALUE',
      `sluice: 1\nflow: a\ntrigger: { use: cron, with: { cron: '30 3 * * *' } }\n${rest}`,
      `sluice: 1\nflow: a\ntrigger: { use: schedule, with: { cron: '30 3 * * *' } }\n${rest}`,
    ],
    [
      'retries as a number',
      'FLOW_UNKNOWN_KEY',
      `sluice: 1\nflow: a\n${event}deliver:\n  retries: 5\n${rest}`,
      `sluice: 1\nflow: a\n${event}deliver:\n  retry: { attempts: 5 }\n${rest}`,
    ],
  ])('correct %s', (_, code, wrong, right) => {
    expect(fixed(wrong, code)).toEqual({ text: right, left: [] });
  });

  it('keep Windows line ends and place edits after a byte order mark', () => {
    const text = `sluice: 1\r\nflow: Save Order\r\n${event}${rest}`;
    const { findings } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': `\ufeff${text}` } });
    expect(applyFixes(text, findings).text).toBe(text.replace('Save Order', 'save-order'));
  });
});

describe('findings without a fix', () => {
  it.each([
    ['a name that is not near', `- { id: a, use: onec-http.call, connection: qqq, with: { method: M } }`],
    ['an example in place of a value', `- { id: a, raise: { code: A, message: m, fate: retry } }`],
    ['a secret in the file', ''],
    ['a key that the map has already', `- { id: a, name: b, stop: {} }`],
    ['a default, which changes the meaning', `- { id: a, emit: { type: x.y, data: '\${{ "a" & trigger.data.n }}' } }`],
    ['a number out of bounds', `- { id: a, retry: { attempts: 0 }, ${CALL} }`],
    ['a condition in plain words', `- { id: a, if: the client is a vip, stop: {} }`],
  ])('are those about %s', (_, step) => {
    const findings =
      step === ''
        ? compile({ workspace: sluiceYaml.replace("'${{ env.ERP_PASSWORD }}'", 'hunter2'), flows: {} }).findings
        : findingsOf(around(`  ${step}`));
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.filter(({ fix }) => fix !== undefined)).toEqual([]);
  });
});

describe('applyFixes', () => {
  const at = (column: number, endColumn: number, text: string): Finding => ({
    file: 'a',
    line: 1,
    column,
    endColumn,
    code: 'FLOW_VALUE',
    severity: 'error',
    message: '',
    fix: [{ range: { line: 1, column, endLine: 1, endColumn }, text }],
  });

  it('applies fixes in any order, and leaves out one that overlaps an earlier one', () => {
    const [second, first, overlapping, same] = [at(5, 6, 'E'), at(1, 3, 'AB'), at(2, 4, '-'), at(1, 3, 'AB')];
    expect(applyFixes('abcdef', [second, first, overlapping, same])).toEqual({ text: 'ABcdEf', fixed: [second, first, same] });
  });

  it('inserts only once at one place', () => {
    const [one, other] = [at(3, 3, 'x'), at(3, 3, 'y')];
    expect(applyFixes('abcd', [one, other])).toEqual({ text: 'abxcd', fixed: [one] });
  });
});
