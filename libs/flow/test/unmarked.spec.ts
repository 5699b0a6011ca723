import { describe, expect, it } from '@jest/globals';
import { applyFixes } from '../src/index.js';
import { lintSteps, sluiceYaml } from './support/lint.js';
import { compile } from './support/workspace.js';

const HEAD = 'sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [order.created] } }\n';

/** Returns the messages of the findings with the code EXPR_UNMARKED. */
function unmarked(steps: string, head = HEAD): readonly string[] {
  const { findings } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': head + steps } });
  return findings.filter(({ code }) => code === 'EXPR_UNMARKED').map(({ message }) => message.split(' is a text here')[0] ?? '');
}

/** Returns the value as the data of an event. */
function emitted(value: string): string {
  return `steps:\n  - id: find\n    use: onec-http.call\n    connection: erp\n    with: { method: Find }\n  - id: saved\n    emit:\n      type: order.saved\n      data:\n        value: ${value}\n`;
}

describe('an expression without its marks', () => {
  it.each([
    'trigger.data.total',
    'trigger.subject',
    "'trigger.data.total'",
    '"trigger.data.total"',
    'trigger.data.`Номер`',
    'trigger.data.lines[0].sku',
    'trigger.data.total * 1.2',
    'trigger.data.first & " " & trigger.data.last',
    '(trigger.data.total)',
    'trigger.data.name ?? "nobody"',
    'trigger.dta.total',
    'steps.find.number',
    'steps.fnd.number',
    'vars.prefix',
    'env.SHOP_URL',
    'run.id',
    '$phone(trigger.data.from)',
    '$now()',
    '$omit',
  ])('is reported: %s', (text) => {
    expect(unmarked(emitted(text))).toHaveLength(1);
  });

  it.each([
    'trigger',
    'data.total',
    'order.created',
    'trigger.data.total is missing',
    'see steps.find',
    'steps.find and steps.saved',
    'The total is trigger.data.total.',
    'trigger.yaml',
    'steps.csv',
    'run.sh',
    'env.json',
    'error.message',
    'loop.index',
    'item.sku',
    'vars.js',
    'site.example.com',
    'http://steps.example.com/steps.find',
    '$5.00',
    '$1(trigger)',
    '$HOME/bin',
    '$unknown(1)',
    '\'"trigger.data.total"\'',
    '\'${{ "trigger.data.total" }}\'',
    'Order ${{ trigger.data.number }} of trigger.data.total',
  ])('is told from a text: %s', (text) => {
    expect(unmarked(emitted(text))).toEqual([]);
  });

  it.each([
    ['a note', 'note: trigger.data.number\nsteps: [{ id: end, stop: {} }]\n'],
    ['a key', 'deliver: { key: trigger.data.id }\nsteps: [{ id: end, stop: {} }]\n'],
    ['a constant', 'vars: { from: trigger.data.from }\nsteps: [{ id: end, stop: { reason: "${{ vars.from }}" } }]\n'],
    ['a reason', 'steps: [{ id: end, stop: { reason: trigger.data.reason } }]\n'],
    ['a message', 'steps: [{ id: end, raise: { code: NOT_SAVED, message: trigger.data.reason } }]\n'],
    ['the error of a catch', 'steps: [{ id: end, stop: {} }]\ncatch: [{ id: tell, stop: { reason: error.message } }]\n'],
    [
      'the item of a loop',
      "steps: [{ id: each, forEach: { in: '${{ trigger.data.lines }}', as: line, steps: [{ id: one, emit: { type: line.saved, data: line.sku } }] } }]\n",
    ],
    ['the type of an event', 'steps: [{ id: one, emit: { type: trigger.type } }]\n'],
  ])('is reported once in %s', (_, rest) => {
    expect(unmarked(rest)).toHaveLength(1);
    expect(lintSteps('').findings).not.toContain('FLOW_CONSTANT');
  });

  it('has no other finding where it is a key', () => {
    const text = `${HEAD}deliver: { key: trigger.data.id }\nsteps: [{ id: end, stop: {} }]\n`;
    expect(compile({ workspace: sluiceYaml, flows: { 'a.yaml': text } }).findings.map(({ code }) => code)).toEqual([
      'EXPR_UNMARKED',
    ]);
  });

  it.each([
    ['trigger.data.total', "'${{ trigger.data.total }}'"],
    ["'trigger.data.total'", "'${{ trigger.data.total }}'"],
    ['"trigger.data.a & \\"x\\""', '"${{ trigger.data.a & \\"x\\" }}"'],
    ["' trigger.data.total '", "' ${{ trigger.data.total }} '"],
    ['trigger.data.name ?? "nobody"', '\'${{ trigger.data.name ?? "nobody" }}\''],
    ["trigger.data.name ?? 'nobody'", "'${{ trigger.data.name ?? ''nobody'' }}'"],
    ['|-\n          trigger.data.total\n', '|-\n          ${{ trigger.data.total }}\n'],
    ['>-\n          trigger.data.total *\n          2\n', '>-\n          ${{ trigger.data.total *\n          2 }}\n'],
  ])('is corrected: %s', (wrong, right) => {
    const text = HEAD + emitted(wrong);
    const { findings } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': text } });
    const fixed = applyFixes(
      text,
      findings.filter(({ code }) => code === 'EXPR_UNMARKED'),
    );
    expect(fixed.text).toBe(HEAD + emitted(right));
  });

  it('is not corrected in a constant, which cannot read an event', () => {
    const { findings } = compile({
      workspace: sluiceYaml,
      flows: {
        'a.yaml': `${HEAD}vars: { from: trigger.data.from }\nsteps: [{ id: end, stop: { reason: '\${{ vars.from }}' } }]\n`,
      },
    });
    expect(findings).toMatchObject([{ code: 'EXPR_UNMARKED', do: expect.stringContaining('evaluated at the start') }]);
    expect(findings[0]).not.toHaveProperty('fix');
  });

  it.each([
    ['when of a mock', "mocks: { find: { output: {}, when: with.method = 'Find' } }, expect: { outcome: done }"],
    ['that', 'expect: { that: [outcome = "done"] }'],
  ])('is an error in a condition of a test: %s', (_, rest) => {
    const text = `${HEAD}${emitted('1')}tests: [{ name: a, trigger: { data: {} }, ${rest} }]\n`;
    const { findings } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': text } });
    const [finding] = findings.filter(({ severity }) => severity === 'error');
    expect(finding).toMatchObject({ code: 'FLOW_VALUE', message: expect.stringContaining('one whole expression') });
    const fixed = applyFixes(text, findings);
    expect(compile({ workspace: sluiceYaml, flows: { 'a.yaml': fixed.text } }).findings.map(({ code }) => code)).not.toContain(
      'FLOW_VALUE',
    );
  });
});
