import { describe, expect, it } from '@jest/globals';
import { compileWorkspace, formatFindings, parseWorkspaceFile } from '@sluice/flow';
import { action, definePlugin, type AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';
import { runFlowTest, type FlowTestResult } from '../src/index.js';

const plugin: AnyPlugin = definePlugin({
  name: 'erp',
  api: '^1',
  connection: z.strictObject({}),
  open: () => Promise.reject(new Error('a test opens no connection')),
  check: async () => undefined,
  pace: { concurrency: { start: 1, max: 1, adaptive: false } },
  triggers: {},
  actions: {
    save: action({
      title: 'Save',
      input: z.strictObject({ text: z.string() }),
      output: z.object({ id: z.string() }),
      idempotent: 'by-key',
      run: (_client: { close(): Promise<void> }) => Promise.reject(new Error('a test makes no call')),
    }),
  },
});

const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text) });

/** Runs the tests of a flow with one paced step `save`. */
async function results(tests: string, steps = ''): Promise<readonly FlowTestResult[]> {
  const parsed = parseWorkspaceFile(
    source(
      'sluice.yaml',
      "sluice: 1\nplugins: ['./erp']\nsettings: { timezone: Europe/Moscow }\nconnections: { erp: { use: erp } }\n",
    ),
  );
  if (!parsed.file) throw new Error(formatFindings(parsed.findings));
  const flow = `sluice: 1
flow: t
trigger: { use: event, with: { types: [asked] } }
steps:
  - id: save
    use: erp.save
    connection: erp
    with: { text: '\${{ trigger.data.text }}' }
${steps}tests:
${tests}`;
  const plugins = new Map([[plugin.name, plugin]]);
  const { workspace, findings } = compileWorkspace({ workspace: parsed.file, flows: [source('t.yaml', flow)], plugins, env: {} });
  const [first] = workspace?.flows ?? [];
  if (!workspace || !first) throw new Error(formatFindings(findings));
  return Promise.all(first.tests.map((test) => runFlowTest({ workspace, plugins, flow: first, test })));
}

const messages = ([result]: readonly FlowTestResult[]) => result?.mismatches.map(({ message }) => message);

describe('a test of a flow', () => {
  it('passes when the run is as expected, without a connection', async () => {
    const tests = `  - name: saved
    trigger: { data: { text: a } }
    mocks: { save: { output: { id: '7' } } }
    expect: { outcome: done, calls: { save: { text: a } }, steps: { save: { id: '7' } }, that: ['\${{ calls.save[0].text = "a" }}'] }
`;
    expect(await results(tests)).toMatchObject([{ flow: 't', name: 'saved', mismatches: [] }]);
  });

  it('names each difference with the place of the expectation', async () => {
    const tests = `  - name: wrong
    trigger: { data: { text: a } }
    expect:
      outcome: parked
      calls: { save: { text: b } }
      events: [{ type: saved }]
      that: ['\${{ outcome = "parked" }}']
`;
    const [result] = await results(tests);
    expect(result?.mismatches).toEqual([
      { code: 'TEST_FAILED', location: { file: 't.yaml', line: 13, column: 16 }, message: 'outcome is "done", not "parked"' },
      { code: 'TEST_FAILED', location: { file: 't.yaml', line: 14, column: 30 }, message: 'calls.save.text is "a", not "b"' },
      {
        code: 'TEST_FAILED',
        location: { file: 't.yaml', line: 15, column: 15 },
        message: 'events has 0 entries, not 1',
        entries: [{ kind: 'missing', value: '{"type":"saved"}' }],
      },
      { code: 'TEST_FAILED', location: { file: 't.yaml', line: 16, column: 14 }, message: '${{ outcome = "parked" }} is false' },
    ]);
  });

  it('counts the attempts and the time of production: two failures, then the pauses of the policy', async () => {
    const tests = `  - name: late
    trigger: { data: { text: a } }
    mocks: { save: [{ error: retry, times: 2 }, { after: 2s, output: { id: '7' } }] }
    expect: { outcome: done, calls: { save: [{}] } }
`;
    expect(messages(await results(tests))).toEqual([]);
  });

  it('lets a closed system wait without end until the timeout of the step', async () => {
    const tests = `  - name: closed
    trigger: { data: { text: a } }
    mocks: { save: { error: unavailable } }
    expect: { outcome: parked, took: 1h, error: { code: STEP_TIMEOUT } }
`;
    expect(messages(await results(tests, '    timeout: 1h\n'))).toEqual([]);
  });

  it('chooses the mock by the rendered input, and the error by its code', async () => {
    const tests = `  - name: refused
    trigger: { data: { text: b } }
    mocks: { save: [{ when: '\${{ with.text = "a" }}', output: { id: '1' } }, { error: { fate: rejected, code: ERP_NO, message: no, details: { n: 1 } } }] }
    expect: { outcome: parked, error: { code: ERP_NO, details: { n: 1 } } }
`;
    expect(messages(await results(tests))).toEqual(['no call has matched this mock']);
  });

  it('says what a run that failed unexpectedly has met', async () => {
    const tests = `  - name: failed
    trigger: { data: { text: 5 } }
    expect: { outcome: done }
`;
    expect(messages(await results(tests))).toEqual([
      'outcome is "parked", not "done"',
      expect.stringContaining('the run was parked: INPUT_INVALID'),
    ]);
  });

  it('fails without an expectation', async () => {
    expect(messages(await results('  - name: nothing\n    trigger: { data: { text: a } }\n'))).toEqual([
      'this test expects nothing',
    ]);
  });

  it.each(['{ calls: {} }', '{ steps: {} }', '{ calls: {}, steps: {}, that: [] }'])(
    'fails with the empty expectation %s',
    async (expected) => {
      const tests = `  - name: empty
    trigger: { data: { text: a } }
    expect: ${expected}
`;
      expect(messages(await results(tests))).toEqual(['this test expects nothing']);
    },
  );

  it('compares the runs with the events in the order of the list, not of their times', async () => {
    const tests = `  - name: later first
    triggers: [{ at: 5s, data: { text: b } }, { data: { text: a } }]
    mocks: { save: [{ when: '\${{ with.text = "b" }}', error: rejected }, { output: { id: '1' } }] }
    expect: { outcome: [parked, done], steps: [{}, { save: { id: '1' } }], error: { code: TIMED_OUT } }
`;
    // the single value is about the last event of the list
    expect(messages(await results(tests))).toEqual(['error is absent, not {"code":"TIMED_OUT"}']);
  });

  it('fails when the clock ends before an event, and does not send the event early', async () => {
    const tests = `  - name: in three years
    triggers: [{ data: { text: a } }, { at: 1100d, data: { text: b } }]
    expect: { calls: { save: [{ text: a }] } }
`;
    expect(messages(await results(tests))).toEqual([
      expect.stringMatching(/^the test ended after \d+ h of virtual time, before 1 of its 2 events$/),
    ]);
  }, 60_000);

  it('aligns lists of different lengths by what matches', async () => {
    const emits = `  - { id: one, emit: { type: a.one } }
  - { id: two, emit: { type: a.two } }
`;
    const tests = `  - name: more
    trigger: { data: { text: a } }
    expect: { events: [{ type: a.zero }, { type: a.two }, { type: a.three }] }
`;
    const [result] = await results(tests, emits);
    expect(result?.mismatches[0]?.entries?.map(({ kind }) => kind)).toEqual(['missing', 'surplus', 'equal', 'missing']);
  });

  it('ends for a run that never does, and names what it expected', async () => {
    const tests = `  - name: closed
    trigger: { data: { text: a } }
    mocks: { save: { error: unavailable } }
    expect: { took: 5s }
`;
    const [result] = await results(tests);
    expect(result?.mismatches).toEqual([
      expect.objectContaining({ code: 'TEST_ENDLESS', message: expect.stringContaining('the run has not ended after') }),
      expect.objectContaining({ code: 'TEST_FAILED', location: expect.objectContaining({ column: 21 }) }),
    ]);
  });

  it('takes time in proportion to the tests', async () => {
    const cpuOf = async (tests: number) => {
      const one =
        "  - { name: a, trigger: { data: { text: a } }, mocks: { save: { output: { id: '7' } } }, expect: { outcome: done } }\n";
      const began = process.cpuUsage();
      expect(await results(one.repeat(tests))).toHaveLength(tests);
      const { user, system } = process.cpuUsage(began);
      return (user + system) / tests;
    };
    await cpuOf(50);
    const few = await cpuOf(50);
    expect(await cpuOf(400)).toBeLessThan(3 * few);
  });

  it('restores the chance of the process', async () => {
    const random = Math.random;
    await results('  - { name: a, trigger: { data: { text: a } }, expect: { outcome: done } }\n');
    expect(Math.random).toBe(random);
  });
});
