import { describe, expect, it } from '@jest/globals';
import { compileWorkspace, formatFindings, parseWorkspaceFile, type StepMock } from '@sluice/flow';
import { action, definePlugin, type AnyPlugin } from '@sluice/plugin-api';
import { z } from 'zod';
import { dryRun, type DryRunResult, type RunWatch, type TracedStep } from '../src/index.js';

const plugin: AnyPlugin = definePlugin({
  name: 'erp',
  api: '^1',
  connection: z.strictObject({}),
  open: () => Promise.reject(new Error('a dry run opens no connection')),
  check: async () => undefined,
  pace: { concurrency: { start: 1, max: 1, adaptive: false } },
  triggers: {},
  actions: {
    save: action({
      title: 'Save',
      input: z.strictObject({ text: z.unknown() }),
      output: z.unknown(),
      idempotent: 'by-key',
      run: (_client: { close(): Promise<void> }) => Promise.reject(new Error('a dry run makes no call')),
    }),
  },
});

const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text) });
const location = { file: 'test', line: 1, column: 1 };
const output = (value: unknown): StepMock => ({ location, afterMs: 0, answer: { kind: 'output', output: value } });
const failure = (fate: 'retry' | 'rejected', times?: number): StepMock => ({
  location,
  afterMs: 0,
  ...(times !== undefined && { times }),
  answer: { kind: 'error', error: { fate, ...(fate === 'rejected' && { code: 'ERP_NO', message: 'no' }) } },
});

interface DryOptions {
  readonly event?: Readonly<Record<string, unknown>>;
  readonly mocks?: Readonly<Record<string, readonly StepMock[]>>;
  /** The condition of the trigger. */
  readonly where?: string;
  readonly watch?: Parameters<typeof dryRun>[1];
}

/** Runs the first flow of a file. */
async function dry(steps: string, { event = {}, mocks = {}, watch, where }: DryOptions = {}): Promise<DryRunResult> {
  const parsed = parseWorkspaceFile(
    source(
      'sluice.yaml',
      "sluice: 1\nplugins: ['./erp']\nsettings: { timezone: Europe/Moscow }\nconnections: { erp: { use: erp } }\n",
    ),
  );
  if (!parsed.file) throw new Error(formatFindings(parsed.findings));
  const plugins = new Map([[plugin.name, plugin]]);
  const condition = where === undefined ? '' : `, where: '${where}'`;
  const text = `sluice: 1\nflow: t\ntrigger: { use: event, with: { types: [asked] }${condition} }\n${steps}`;
  const { workspace, findings } = compileWorkspace({ workspace: parsed.file, flows: [source('t.yaml', text)], plugins, env: {} });
  const [flow] = workspace?.flows ?? [];
  if (!workspace || !flow) throw new Error(formatFindings(findings));
  return dryRun({ workspace, plugins, flow, event, mocks: new Map(Object.entries(mocks)) }, watch);
}

const SAVE = `use: erp.save
    connection: erp`;

/** Returns the states of steps by id, those within blocks included. */
function states(steps: readonly TracedStep[]): string[] {
  return steps.flatMap(({ step, state, blocks }) => [`${step} ${state}`, ...blocks.flatMap((block) => states(block.steps))]);
}

describe('dryRun', () => {
  it('returns each step with its input, its output and its virtual time', async () => {
    const result = await dry(
      `steps:
  - id: save
    ${SAVE}
    with: { text: '\${{ trigger.data.text }}' }
  - id: copy
    set: '\${{ steps.save.id }}'
  - id: tell
    emit: { type: saved, data: '\${{ steps.copy }}' }
`,
      { event: { data: { text: 'a' } }, mocks: { save: [{ ...output({ id: '7' }), afterMs: 1_500 }] } },
    );
    expect(result).toMatchObject({ outcome: 'done', tookMs: 1_500, omitted: 0, event: { id: 'e1', type: 'asked' } });
    expect(result.steps).toMatchObject([
      {
        step: 'save',
        verb: 'use',
        at: 0,
        endedAt: 1_500,
        state: 'done',
        input: { text: 'a' },
        output: { id: '7' },
        attempts: [{ at: 0, endedAt: 1_500, target: { plugin: 'erp', action: 'save', connection: 'erp' } }],
      },
      { step: 'copy', at: 1_500, state: 'done', output: '7' },
      { step: 'tell', state: 'done', input: { type: 'saved', data: '7' } },
    ]);
    expect(result.events).toMatchObject([{ type: 'saved', data: '7' }]);
  });

  it('returns the condition of a skipped step and the values that it has read', async () => {
    const { steps } = await dry(
      `steps:
  - id: vip
    if: \${{ trigger.data.total > 1000 }}
    ${SAVE}
    with: { text: vip }
`,
      { event: { data: { total: 5 } } },
    );
    expect(steps).toMatchObject([
      {
        step: 'vip',
        state: 'skipped',
        condition: { source: '${{ trigger.data.total > 1000 }}', values: [{ path: 'trigger.data.total', value: 5 }] },
        attempts: [],
      },
    ]);
  });

  it('places the steps of loops, cases and handlers within their blocks', async () => {
    const result = await dry(
      `steps:
  - id: each
    forEach:
      in: \${{ trigger.data }}
      as: one
      onFailure: continue
      steps:
        - id: save
          ${SAVE.replace('\n', '\n      ')}
          with: { text: '\${{ one }}' }
        - id: kind
          switch:
            cases: [{ when: '\${{ one = 1 }}', steps: [{ id: small, set: 1 }] }]
            otherwise: [{ id: large, set: 2 }]
  - id: safe
    try:
      steps: [{ id: bad, raise: { code: ODD, message: odd } }]
      catch: [{ id: fixed, set: '\${{ error.code }}' }]
  - id: read
    set: '\${{ [steps.each.failed, steps.each.results] }}'
  - id: show
    emit: { type: shown, data: '\${{ steps.read }}' }
`,
      { event: { data: [1, 2, 3] }, mocks: { save: [{ ...output({}), times: 1 }, failure('rejected', 1), output({})] } },
    );
    const [each, safe] = result.steps;
    expect(each?.blocks.map(({ kind, index, steps }) => [kind, index, states(steps)])).toEqual([
      ['item', 0, ['save done', 'kind done', 'small done']],
      ['item', 1, ['save failed']],
      ['item', 2, ['save done', 'kind done', 'large done']],
    ]);
    expect(safe).toMatchObject({
      state: 'done',
      blocks: [
        { kind: 'try', steps: [{ step: 'bad', state: 'failed', error: { code: 'ODD', fate: 'rejected' } }] },
        { kind: 'catch', steps: [{ step: 'fixed', output: 'ODD' }] },
      ],
    });
    expect(result.outcome).toBe('done');
  });

  it('runs called flows, with the data that they received and their reply', async () => {
    const { steps } = await dry(`steps:
  - id: ask
    call: { flow: helper, data: { n: 1 } }
  - id: told
    emit: { type: told, data: '\${{ steps.ask }}' }
---
sluice: 1
flow: helper
trigger: { use: flow }
steps:
  - id: answer
    reply: { data: '\${{ trigger.data.n + 1 }}' }
`);
    expect(steps[0]).toMatchObject({
      step: 'ask',
      state: 'done',
      input: { n: 1 },
      output: 2,
      blocks: [{ kind: 'flow', flow: 'helper', steps: [{ step: 'answer', verb: 'reply', state: 'done' }] }],
    });
  });

  it('returns the reply to the sender, and the failed attempts of a call that succeeds later', async () => {
    const result = await dry(
      `steps:
  - id: save
    ${SAVE}
    with: { text: a }
  - id: answer
    reply: { status: 201, data: '\${{ steps.save }}' }
`,
      { mocks: { save: [failure('retry', 2), output('ok')] } },
    );
    expect(result.reply).toMatchObject({ status: 201, data: 'ok' });
    expect(result.steps[0]?.attempts.map(({ error }) => error?.fate)).toEqual(['retry', 'retry', undefined]);
    expect(result.steps[1]).toMatchObject({ step: 'answer', input: { status: 201, data: 'ok' } });
  });

  it('shows the failure that onError replaces, and the handler of the flow', async () => {
    const replaced = await dry(
      `steps:
  - id: save
    ${SAVE}
    with: { text: a }
    onError: [{ output: none }]
`,
      { mocks: { save: [failure('rejected')] } },
    );
    expect(replaced.steps).toMatchObject([{ state: 'replaced', output: 'none', error: { code: 'ERP_NO' } }]);
    const caught = await dry(
      `steps:
  - id: save
    ${SAVE}
    with: { text: a }
catch:
  - { id: tell, emit: { type: lost } }
`,
      { mocks: { save: [failure('rejected')] } },
    );
    expect(caught).toMatchObject({ outcome: 'caught', steps: [{ state: 'failed' }], catch: [{ step: 'tell', state: 'done' }] });
  });

  it('reports an event that trigger.where refuses', async () => {
    const result = await dry('steps: [{ id: a, emit: { type: b } }]\n'.replace('steps', 'steps'), {
      event: { data: 1 },
    });
    expect(result.outcome).toBe('done');
  });

  it('ends a run of flows that call each other without end', async () => {
    const result = await dry(`steps:
  - { id: down, call: { flow: helper } }
---
sluice: 1
flow: helper
trigger: { use: flow }
steps:
  - { id: deeper, call: { flow: helper } }
`);
    expect(result.outcome).toBe('parked');
    expect(result.error?.message).toMatch(/FLOW_LOOP|hops|32/);
  });

  it('counts steps beyond its limit, and ends when the signal fires', async () => {
    const long = await dry(
      `steps:
  - id: each
    forEach: { in: '\${{ trigger.data }}', as: one, steps: [{ id: copy, set: '\${{ one }}' }] }
`,
      { event: { data: Array.from({ length: 10_500 }, () => 1) } },
    );
    expect(long).toMatchObject({ outcome: 'done', omitted: 501 });
    const signal = AbortSignal.timeout(200);
    const stuck = await dry(
      `steps:
  - id: save
    ${SAVE}
    with: { text: a }
`,
      {
        mocks: { save: [{ location, afterMs: 0, answer: { kind: 'error', error: { fate: 'unavailable' } } }] },
        watch: { signal },
      },
    );
    expect(stuck).toMatchObject({
      outcome: 'unfinished',
      steps: [{ state: 'waiting' }],
      closed: [{ connection: 'erp', because: expect.stringContaining('could not be reached') }],
    });
  });

  it('makes a real call once, while the virtual time stands still', async () => {
    const made: unknown[] = [];
    const live: RunWatch['live'] = async ({ target, input }) => {
      made.push([target, input]);
      // without a hold the virtual clock would fire the timeout of the step within a few turns
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
      return { real: true };
    };
    const result = await dry(
      `steps:
  - id: save
    ${SAVE}
    with: { text: a }
    timeout: 1ms
`,
      { watch: { live } },
    );
    expect(made).toEqual([[{ plugin: 'erp', action: 'save', connection: 'erp' }, { text: 'a' }]]);
    expect(result).toMatchObject({ outcome: 'done', tookMs: 0, steps: [{ output: { real: true } }] });
  });
});
