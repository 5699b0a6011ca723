import { describe, expect, it } from '@jest/globals';
import { parseWorkspaceFile, WorkspaceChecker } from '../src/index.js';
import { lint, sluiceYaml } from './support/lint.js';
import { stubPlugins } from './support/stub-plugins.js';
import { compile, environment, sourceFile } from './support/workspace.js';

const FLOW = `sluice: 1
flow: save-order
trigger: { use: event, with: { types: [order.created] } }
steps:
  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }
  - { id: show, set: '\${{ steps.save.Имя }}' }
  - { id: told, emit: { type: order.created, data: '\${{ steps.show }}' } }
`;
const HEAD = 'sluice: 1\nflow: save-order\n';

/** Returns the findings of a test file beside the flow, as `file:line:column CODE message`. */
function inFile(text: string, flow = FLOW) {
  const flows = { 'flows/a.yaml': flow, 'flows/a.test.yaml': text };
  const { findings, workspace } = compile({ workspace: sluiceYaml, flows });
  return {
    findings: findings.map(({ file, line, column, code, message }) => `${file}:${line}:${column} ${code} ${message}`),
    tests: workspace?.flows[0]?.tests,
  };
}

describe('a test file', () => {
  it('adds its tests to those beside the flow', () => {
    const beside = `${FLOW}tests: [{ name: beside, expect: { outcome: done } }]\n`;
    const { findings, tests } = inFile(`${HEAD}tests:\n  - { name: apart, expect: { outcome: done } }\n`, beside);
    expect(findings).toEqual([]);
    expect(tests).toMatchObject([
      { name: 'beside', location: { file: 'flows/a.yaml', line: 8 } },
      { name: 'apart', location: { file: 'flows/a.test.yaml', line: 4 } },
    ]);
  });

  it('contains tests of several flows', () => {
    const other = FLOW.replaceAll('save-order', 'other').replace('order.created] }', 'order.changed] }');
    const { findings, workspace } = compile({
      workspace: sluiceYaml,
      flows: {
        'flows/a.yaml': `${FLOW}---\n${other}`,
        'flows/all.test.yaml': `${HEAD}tests: [{ expect: { outcome: done } }]\n---\nsluice: 1\nflow: other\ntests: [{ expect: { outcome: done } }]\n`,
      },
    });
    expect(findings).toEqual([]);
    expect(workspace?.flows.map(({ tests }) => tests.length)).toEqual([1, 1]);
  });

  it.each([
    ['names a flow that does not exist', 'sluice: 1\nflow: save-oder\ntests: []\n', '2:7 REF_FLOW no flow is called "save-oder"'],
    ['has no flow', 'sluice: 1\ntests: []\n', '1:1 FLOW_VALUE a test file needs "flow"'],
    ['contains a flow', `${HEAD}tests: []\nsteps: []\n`, '4:1 FLOW_UNKNOWN_KEY "steps" is not a key of a test file'],
    ['is empty', '# nothing\n', '1:1 FLOW_EMPTY this file contains no test'],
    [
      'names an unknown step',
      `${HEAD}tests:\n  - mocks: { sav: { output: 1 } }\n    expect: {}`,
      '4:14 REF_STEP no step is called "sav"',
    ],
  ])('that %s is reported at its place', (_, text, finding) => {
    expect(inFile(text).findings).toContain(`flows/a.test.yaml:${finding}`);
  });

  it('that is broken leaves the flow without findings', () => {
    expect(inFile(`${HEAD}tests: [{ expect: { outcome: don } }]\n`).findings).toEqual([
      expect.stringMatching(/^flows\/a\.test\.yaml:3:\d+ TEST_SHAPE outcome is one of/),
    ]);
  });

  it('teaches the answer of a step that has no schema', () => {
    const test = `${HEAD}tests: [{ mocks: { save: { output: { Имя: Ромашка } } }, expect: { outcome: done } }]\n`;
    expect(inFile(test).findings).toEqual([]);
    expect(inFile(test, FLOW.replace('steps.save.Имя', 'steps.save.Имья')).findings).toEqual([
      'flows/a.yaml:6:38 EXPR_FIELD a mock of step "save" has no "Имья"',
    ]);
  });
});

describe('a checker that sees the same workspace again', () => {
  it('checks a flow anew when its test file changes, and a test file when its flow does', () => {
    const { file: workspace } = parseWorkspaceFile(sourceFile('sluice.yaml', sluiceYaml));
    if (!workspace) throw new Error('sluice.yaml cannot be read');
    const checker = new WorkspaceChecker();
    const check = (flow: string, test: string) => {
      const flows = [sourceFile('flows/a.yaml', flow), sourceFile('flows/a.test.yaml', test)];
      return checker.check({ workspace, flows, plugins: stubPlugins, env: environment }).findings.map(({ code }) => code);
    };
    const good = `${HEAD}tests: [{ mocks: { save: { output: { Имя: a } } }, expect: { outcome: done } }]\n`;
    const other = good.replace('Имя', 'Название');
    expect(check(FLOW, good)).toEqual([]);
    expect(check(FLOW, other)).toEqual(['EXPR_FIELD']);
    expect(check(FLOW, good)).toEqual([]);
    expect(check(FLOW.replace('id: save,', 'id: keep,').replace('steps.save', 'steps.keep'), good)).toEqual(['REF_STEP']);
    expect(check(FLOW.replace('save-order', 'other'), good)).toEqual(['REF_FLOW']);
    expect(check(FLOW, good)).toEqual([]);
  });
});

describe('tests beside a flow', () => {
  const findings = (test: string, flow = FLOW) => lint(`${flow}tests:\n  - ${test}\n`).findings;

  it('take several events with their times', () => {
    const { flow } = lint(
      `${FLOW}tests: [{ triggers: [{ data: 1 }, { at: 90s, data: 2 }], expect: { outcome: [done, done] } }]\n`,
    );
    expect(flow?.tests[0]?.triggers).toEqual([
      { atMs: 0, event: { data: 1 } },
      { atMs: 90_000, event: { data: 2 } },
    ]);
  });

  it.each([
    ['expects nothing', '{ name: a }', 'TEST_EMPTY this test expects nothing'],
    ['expects an empty map', '{ expect: {} }', 'TEST_EMPTY this test expects nothing'],
    [
      'has both',
      '{ trigger: {}, triggers: [{}], expect: { outcome: done } }',
      'TEST_SHAPE a test has either "trigger" or "triggers"',
    ],
    ['has no event', '{ triggers: [], expect: { outcome: done } }', 'TEST_SHAPE triggers is a list of events'],
    ['has an event without a unit', '{ triggers: [{ at: 5 }], expect: { outcome: done } }', 'TEST_SHAPE at is a duration'],
    [
      'has an event of another type',
      '{ trigger: { type: x.y }, expect: { outcome: done } }',
      'TEST_SHAPE the flow takes no event of the type "x.y"',
    ],
    ['has a number as an attribute', '{ trigger: { subject: 5 }, expect: { outcome: done } }', 'TEST_SHAPE subject is a text'],
    ['has a list for one event', '{ expect: { outcome: [done] } }', 'TEST_SHAPE a list of outcome has one entry for each event'],
    [
      'mocks a step without a call',
      '{ mocks: { show: { output: 1 } }, expect: { outcome: done } }',
      'TEST_SHAPE step "show" has no mock: it is a "set"',
    ],
    [
      'expects calls of such a step',
      '{ expect: { calls: { show: [] } } }',
      'TEST_SHAPE step "show" makes no call: it is a "set"',
    ],
  ])('are reported when one %s', (_, test, finding) => {
    expect(findings(test)).toEqual([expect.stringContaining(finding)]);
  });

  it('are checked against the input of a called flow', () => {
    const called = FLOW.replace(
      'trigger: { use: event, with: { types: [order.created] } }',
      'trigger: { use: flow, with: { input: { type: object, properties: { n: { type: number } } } } }',
    ).replace("  - { id: told, emit: { type: order.created, data: '${{ steps.show }}' } }\n", '');
    expect(findings('{ trigger: { data: { n: x } }, expect: { outcome: done } }', called)).toEqual(
      expect.arrayContaining([expect.stringContaining('TEST_SHAPE n: ')]),
    );
  });

  it('read a time without an offset in the time zone of the workspace', () => {
    const { flow } = lint(`${FLOW}tests: [{ now: 2026-01-05T09:00:00, expect: { outcome: done } }]\n`);
    expect(flow?.tests[0]?.nowMs).toBe(Date.UTC(2026, 0, 5, 6));
  });
});
