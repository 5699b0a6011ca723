import { describe, expect, it } from '@jest/globals';
import { lint, lintSteps, sluiceYaml } from './support/lint.js';
import { compile } from './support/workspace.js';

const HEAD = 'sluice: 1\nflow: a\n';
const EVENT = 'trigger: { use: event, with: { types: [order.created] } }\n';
const CALL = 'use: onec-http.call, connection: erp, with: { method: M }';
const LINES = "in: '${{ trigger.data.lines }}'";

function codes(findings: readonly string[]): string[] {
  return findings.map((finding) => finding.slice(0, finding.indexOf(' ')));
}

/** Returns the findings of a flow that has the trigger `flow` with this schema of its data. */
function lintWithInput(schema: string, rest: string) {
  return lint(`${HEAD}trigger: { use: flow, with: { input: { type: object, properties: ${schema} } } }\n${rest}`);
}

/** Replaces a part of a flow by the cure of its only finding. */
function cured(text: string, part: string): readonly string[] {
  const { findings } = compile({ workspace: sluiceYaml, flows: { 'a.yaml': text } });
  expect(findings).toHaveLength(1);
  const write = findings[0]?.write;
  if (write === undefined) throw new Error(`no cure to paste: ${findings[0]?.message}`);
  expect(text).toContain(part);
  return lint(text.replace(part, write)).findings;
}

describe('cures for values that may be absent', () => {
  const INPUT = 'trigger: { use: flow, with: { input: { type: object, properties: { n: {}, on: {} }, required: [] } } }\n';

  it.each([
    ['a whole value', "steps: [{ id: a, emit: { type: '${{ vars.prefix }}', data: '${{ trigger.data.n }}' } }]"],
    ['a part of a text', "steps: [{ id: a, stop: { reason: 'order ${{ trigger.data.n }}' } }]"],
    ['a condition', "steps: [{ id: a, if: '${{ trigger.data.n }}', stop: {} }]"],
    ['a key', "deliver: { key: '${{ trigger.data.n }}' }\nsteps: [{ id: a, stop: {} }]"],
    [
      'a key of dedupe with a prefix',
      "deliver: { dedupe: { key: 'o/${{ trigger.data.n }}', within: 1d } }\nsteps: [{ id: a, stop: {} }]",
    ],
  ])('are possible at their place: %s', (_, rest) => {
    expect(cured(`${HEAD}${INPUT}${rest}\n`, 'trigger.data.n')).toEqual([]);
  });

  it.each([
    ['a whole value', "set: '${{ steps.save.n }}'"],
    ['a part of a text', "set: 'number ${{ steps.save.n }}'"],
    ['a condition', "if: '${{ steps.save.n }}', set: 1"],
    ['an operand', "set: '${{ steps.save.n = 1 }}'"],
    ['an argument', "set: '${{ $string(steps.save.n) }}'"],
  ])('of a step that may have been skipped fit %s', (_, use) => {
    const steps = `steps:\n  - { id: save, if: '\${{ trigger.data.x }}', ${CALL} }\n  - { id: b, ${use} }\n  - { id: c, emit: { type: '\${{ vars.prefix }}', data: '\${{ steps.b ?? null }}' } }\n`;
    expect(cured(HEAD + EVENT + steps, 'steps.save.n')).toEqual([]);
  });

  it('are not needed for a comparison in a condition, which is false', () => {
    const steps = `  - { id: save, if: '\${{ trigger.data.x }}', ${CALL} }\n  - { id: b, if: '\${{ steps.save.n = 1 }}', stop: {} }`;
    expect(lintSteps(steps).findings).toEqual([]);
  });

  it('are not needed for a note, which is left out', () => {
    const { findings } = lint(`${HEAD}${INPUT}note: 'order \${{ trigger.data.n }}'\nsteps: [{ id: a, stop: {} }]\n`);
    expect(findings).toEqual([]);
  });
});

describe('conditions', () => {
  it.each([
    ['if: true, stop: {}', 'this "if" is always true → delete the line'],
    ["if: '${{ false }}', stop: {}", 'this "if" is always false → delete the step, or correct the condition'],
    [
      `if: '\${{ "a" = "b" }}', stop: {}`,
      'this "if" is the same in each run: it reads nothing → compare a field of trigger or of a step',
    ],
    [
      'switch: { cases: [{ when: true, steps: [] }], otherwise: [] }',
      'this "when" is always true → correct the condition: nothing after this entry is tried',
    ],
  ])('that never change are reported: %s', (step, expected) => {
    expect(lintSteps(`  - { id: a, ${step} }`).findings).toEqual([`FLOW_CONSTANT ${expected}`]);
  });

  it.each(['vars.prefix = "x"', '$now() > "2026"', '$exists(steps.b)', 'env.ERP_USER = "a"'])(
    'that read something are not: %s',
    (condition) => {
      const { findings } = lintSteps(`  - { id: b, ${CALL} }\n  - { id: a, if: '\${{ ${condition} }}', stop: {} }`);
      expect(codes(findings)).not.toContain('FLOW_CONSTANT');
    },
  );
});

describe('loops', () => {
  it.each([
    [`\${{ "a" }}`, 'a text'],
    ['${{ 1 }}', 'a number'],
    ['${{ null }}', 'null'],
    ['${{ {"a": 1} }}', 'an object'],
  ])('need a list: %s', (list, what) => {
    const { findings } = lintSteps(`  - { id: l, forEach: { in: '${list}', steps: [{ id: s, ${CALL} }] } }`);
    expect(findings).toEqual([expect.stringMatching(new RegExp(`^FLOW_VALUE in is a list, but this is ${what} →`))]);
  });

  it('are offered the only list of an object', () => {
    const text = (list: string) => `steps:\n  - id: l\n    forEach:\n      ${list}\n      steps: [{ id: s, ${CALL} }]\n`;
    const schema = '{ lines: { type: array, items: { type: object, properties: { sku: {} } } }, n: {} }, required: [lines]';
    const { findings } = lintWithInput(schema, text('in: ${{ trigger.data }}'));
    expect(findings).toEqual(['FLOW_VALUE in is a list, but this is an object → in: ${{ trigger.data.lines }}']);
    expect(lintWithInput(schema, text('in: ${{ trigger.data.lines }}')).findings).toEqual([]);
  });

  it.each(['trigger.data.x', '[trigger.data]', 'steps.s.y', 'trigger.data.lines[0]', 'trigger.data.lines.parts'])(
    'accept what may be a list: %s',
    (list) => {
      const steps = `steps:\n  - { id: s, ${CALL} }\n  - { id: l, forEach: { in: '\${{ ${list} }}', steps: [{ id: t, ${CALL} }] } }\n`;
      const schema =
        '{ x: {}, lines: { type: array, items: { type: object, properties: { parts: { type: object, properties: { a: {} } } } } } }, required: [x, lines]';
      expect(codes(lintWithInput(schema, steps).findings)).not.toContain('FLOW_VALUE');
    },
  );

  it('that go on after failures must have a reader of the failures', () => {
    const loop = `  - { id: lines, forEach: { ${LINES}, onFailure: continue, steps: [{ id: s, ${CALL} }] } }`;
    const [finding = '', ...others] = lintSteps(loop).findings;
    expect(others).toEqual([]);
    expect(finding).toMatch(
      /^POLICY_FAILURES "lines" goes on after failures, but nothing reads how many items failed → add after it: - /,
    );
    const cure = finding.slice(finding.indexOf('- { id'));
    expect(lintSteps(`${loop}\n  ${cure}`).findings).toEqual([]);
  });

  it.each(['failed', 'errors.item', 'succeeded'])('have a reader of the failures: %s', (field) => {
    const loop = `  - { id: lines, forEach: { ${LINES}, onFailure: continue, steps: [{ id: s, ${CALL} }] } }`;
    const { findings } = lintSteps(
      `${loop}\n  - { id: e, emit: { type: '\${{ vars.prefix }}', data: '\${{ [steps.lines.${field}] }}' } }`,
    );
    expect(findings).toEqual([]);
  });
});

describe('retries of a step', () => {
  it('are reported for an action that is not repeated', () => {
    const step = (retry: string) =>
      `  - { id: a, use: http.request, connection: site, retry: { attempts: ${retry} }, with: { method: POST, path: /x } }`;
    expect(lintSteps(step('3')).findings).toEqual([
      expect.stringMatching(/^POLICY_RETRY http.request is not idempotent: retry does not repeat it/),
    ]);
    expect(codes(lintSteps(step('1')).findings)).not.toContain('POLICY_RETRY');
  });
});

describe('replies', () => {
  it('reach nobody when the flow runs by a schedule', () => {
    const { findings } = lint(
      `${HEAD}trigger: { use: schedule, with: { cron: '0 3 * * *' } }\ndeliver: { expires: 1m }\nsteps: [{ id: r, reply: {} }]\n`,
    );
    expect(findings).toEqual(['POLICY_REPLY the sender does not wait for a reply: the trigger is schedule → delete the step']);
  });

  it('of a called flow need no limit of their own', () => {
    expect(lint(`${HEAD}trigger: { use: flow }\nsteps: [{ id: r, reply: {} }]\n`).findings).toEqual([]);
  });
});

describe('codes of raise', () => {
  it.each(['ONEC_BUSINESS', 'HTTP_NOT_FOUND', 'TCP_GATEWAY_BUSY'])('must not look like those of a plugin: %s', (code) => {
    const { findings } = lintSteps(`  - { id: a, raise: { code: ${code}, message: no } }`);
    expect(findings).toEqual([
      expect.stringMatching(/^FLOW_VALUE .* looks like a code of the plugin .* → choose a code that does not begin with/),
    ]);
  });
});

describe('the order of runs', () => {
  const SAVED = EVENT.replace('created', 'saved');
  const save = (value: string, rest = '', connection = 'erp') =>
    lint(
      `${HEAD}${SAVED}${rest}steps: [{ id: a, use: onec-http.call, connection: ${connection}, with: { method: M, data: { N: '${value}' } } }]\n`,
    ).findings;

  it.each(['trigger.subject', 'trigger.data.number', 'trigger.data.order.id', 'trigger.data.Номер', 'trigger.data.orderNumber'])(
    'is asked for when a paced call sends %s',
    (path) => {
      const [finding = '', ...others] = save(`\${{ ${path} }}`);
      expect(others).toEqual([]);
      expect(finding).toMatch(/^POLICY_ORDER /);
      for (const cure of finding.matchAll(/deliver: \{.*?\}(?=,| if)(?: ?\})?/g))
        expect(save(`\${{ ${path} }}`, `${cure[0]}\n`)).toEqual([]);
    },
  );

  it.each(['trigger.data.phone', 'trigger.data.phoneNumber', 'trigger.data.idea', 'trigger.id', 'vars.prefix'])(
    'is not asked for when it sends %s',
    (path) => {
      expect(save(`\${{ ${path} }}`)).toEqual([]);
    },
  );

  it('is not asked for when the flow takes one type of event that is no change', () => {
    const steps = `steps: [{ id: a, use: onec-http.call, connection: erp, with: { method: M, data: '\${{ trigger.subject }}' } }]\n`;
    expect(lint(`${HEAD}${EVENT}${steps}`).findings).toEqual([]);
    expect(codes(lint(`${HEAD}${EVENT.replace('created', 'created, order.changed')}${steps}`).findings)).toEqual([
      'POLICY_ORDER',
    ]);
  });

  it('is not asked for without a paced call, and when each document is carried out once', () => {
    const unpaced = `steps: [{ id: a, emit: { type: '\${{ vars.prefix }}', data: '\${{ trigger.data.number }}' } }]\n`;
    expect(lint(`${HEAD}${SAVED}${unpaced}`).findings).toEqual([]);
    expect(
      save('${{ trigger.data.number }}', "deliver: { dedupe: { key: '${{ trigger.data.number }}', within: 1d } }\n"),
    ).toEqual([]);
  });
});
