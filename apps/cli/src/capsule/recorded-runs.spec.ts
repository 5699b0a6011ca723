import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Capsule, CapsuleCall } from '@sluice/admin-contract';
import { writeYaml } from '@sluice/flow';
import { OfflineWorkspace } from './offline.js';
import { preview } from './preview.js';
import { loadExported } from './recorded-file.js';
import { testOf, withoutDifferences } from './recorded-test.js';

const SETTINGS = `sluice: 1
plugins: ['@sluice/plugin-http']
connections:
  shop:
    use: http
    with: { baseUrl: 'http://127.0.0.1:9' }
`;
const HEAD = `sluice: 1
flow: orders
trigger: { use: event, with: { types: [order.created] } }
`;
const call = (id: string, input: string, more = '') =>
  `{ id: ${id}, use: http.request, connection: shop, with: { method: PUT, path: /x, body: ${input} }${more} }`;
const LOOP = `${HEAD}steps:
  - id: lines
    forEach:
      in: '\${{ trigger.data.lines }}'
      steps:
        - ${call('save', "{ n: '${{ item }}' }")}
  - id: told
    emit: { type: order.saved, data: { all: '\${{ steps.lines.results.body.id }}' } }
`;
const ONE = `${HEAD}steps:
  - ${call('save', "{ n: '${{ trigger.data.n }}' }")}
  - ${call('told', "{ id: '${{ steps.save.body.id ?? 0 }}' }")}
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-recorded-'));
  mkdirSync(path.join(folder, 'flows'));
  writeFileSync(path.join(folder, 'sluice.yaml'), SETTINGS);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function workspaceWith(flow: string): Promise<OfflineWorkspace> {
  writeFileSync(path.join(folder, 'flows/orders.yaml'), flow);
  return OfflineWorkspace.open(folder);
}

const input = (body: object) => ({ method: 'PUT', path: '/x', body });
const output = (id: number) => ({ status: 200, headers: {}, body: { id } });
const failure = (code: string, fate: 'retry' | 'rejected' | 'unavailable', step: string) => ({
  code,
  fate,
  message: `${code}!`,
  step,
});

function capsuleOf(source: string, data: object, calls: readonly CapsuleCall[], more: Partial<Capsule>): Capsule {
  return {
    capsule: 1,
    run: '0198a1f2-1111-5000-8000-000000000001',
    epoch: 0,
    recorded: 'full',
    exportedAt: '2026-11-30T12:10:00.000Z',
    flow: { name: 'orders', revision: 'r1', source, constants: '{}' },
    startedAt: '2026-11-30T12:00:00.000Z',
    event: { id: 'e1', source: '/test', type: 'order.created', time: '2026-11-30T12:00:00.000Z', data },
    calls,
    emitted: [],
    steps: {},
    outcome: 'done',
    missing: [],
    ...more,
  };
}

/** Returns what keeps the test of a capsule from passing, and what was left out of it. */
async function passes(flow: string, capsule: Capsule) {
  const workspace = await workspaceWith(flow);
  const whole = testOf(capsule, workspace.find('orders'));
  const text = (test: object) => writeYaml({ sluice: 1, flow: 'orders', tests: [test] });
  const { observed } = await workspace.runTestOf('orders', text(whole));
  const { test, differences } = withoutDifferences(whole, observed);
  const { mismatches } = await workspace.runTestOf('orders', text(test));
  return { mismatches: mismatches.map(({ message }) => message), leftOut: differences.map(({ path: where }) => where), test };
}

describe('the test of a recorded run', () => {
  it('repeats the items of a loop in their order, with the attempts that failed', async () => {
    const calls: CapsuleCall[] = [0, 1, 2].map((n) => ({
      step: `save/${n}`,
      use: 'http.request',
      input: input({ n: n + 10 }),
      output: output(n),
      earlier: n === 1 ? [failure('TIMED_OUT', 'retry', 'save')] : [],
    }));
    const emitted = [{ step: 'told', event: { type: 'order.saved', data: { all: [0, 1, 2] } } }];
    const found = await passes(LOOP, capsuleOf(LOOP, { lines: [10, 11, 12] }, calls, { emitted }));
    expect(found).toMatchObject({ mismatches: [], leftOut: [] });
    expect(found.test.expect['calls']).toEqual({ save: [10, 11, 12].map((n) => input({ n })) });
    expect(found.test.mocks?.['save']).toHaveLength(4);
  });

  it('repeats a handled failure, and names the steps that were not called', async () => {
    const flow = `${ONE}catch:\n  - { id: sorry, emit: { type: order.failed, data: { code: '\${{ error.code }}' } } }\n`;
    const error = failure('REJECTED', 'rejected', 'save');
    const calls: CapsuleCall[] = [{ step: 'save', use: 'http.request', input: input({ n: 1 }), error, earlier: [] }];
    const emitted = [{ step: 'sorry', event: { type: 'order.failed', data: { code: 'REJECTED' } } }];
    const found = await passes(flow, capsuleOf(flow, { n: 1 }, calls, { outcome: 'caught', error, emitted }));
    expect(found).toMatchObject({ mismatches: [], leftOut: [] });
    expect(found.test.expect['calls']).toEqual({ save: input({ n: 1 }), told: [] });
  });

  it.each([
    ['exhausted attempts', 'TIMED_OUT', 'retry', ''],
    ['a timeout', 'STEP_TIMEOUT', 'rejected', ', timeout: 5s'],
  ] as const)('repeats a run that was parked by %s', async (_what, code, fate, more) => {
    const flow = `${HEAD}deliver: { retry: { attempts: 3, initial: 1s, max: 1s } }\nsteps:\n  - ${call('save', "{ n: '${{ trigger.data.n }}' }", more)}\n`;
    const error = failure(code, fate, 'save');
    const earlier = code === 'TIMED_OUT' ? [error, error] : [];
    const calls: CapsuleCall[] = [{ step: 'save', use: 'http.request', input: input({ n: 1 }), error, earlier }];
    const found = await passes(flow, capsuleOf(flow, { n: 1 }, calls, { outcome: 'parked', error }));
    expect(found.mismatches).toEqual([]);
    expect(found.test.expect).toMatchObject({ outcome: 'parked', error: { code }, calls: { save: input({ n: 1 }) } });
  });

  it('leaves out what the flow does not repeat, and keeps the outcome', async () => {
    const calls: CapsuleCall[] = [
      { step: 'save', use: 'http.request', input: input({ n: 2 }), output: output(7), earlier: [] },
      { step: 'told', use: 'http.request', input: input({ id: 7 }), output: output(8), earlier: [] },
    ];
    const found = await passes(ONE, capsuleOf(ONE, { n: 1 }, calls, { outcome: 'stopped' }));
    expect(found.leftOut).toEqual(['calls.save.body.n', 'outcome']);
    expect(found.mismatches).toEqual([expect.stringContaining('outcome')]);
  });

  it('has the outputs of a parked run whose calls were not recorded as mocks', async () => {
    const error = failure('REJECTED', 'rejected', 'told');
    const calls: CapsuleCall[] = [{ step: 'told', error, earlier: [] }];
    const capsule = capsuleOf(ONE, { n: 1 }, calls, {
      recorded: 'parked',
      outcome: 'parked',
      error,
      steps: { save: output(7) },
    });
    const found = await passes(ONE, capsule);
    expect(found).toMatchObject({ mismatches: [], leftOut: [] });
    expect(found.test.mocks).toEqual({
      save: { output: output(7) },
      told: { error: { code: 'REJECTED', fate: 'rejected', message: 'REJECTED!' } },
    });
  });
});

describe('preview', () => {
  const saved: CapsuleCall = { step: 'save', use: 'http.request', input: input({ n: 1 }), output: output(7), earlier: [] };
  const look = async (capsule: Capsule, flow: string) => {
    const workspace = await workspaceWith(flow);
    return preview({ ...workspace.parts, flow: workspace.flow('orders'), original: await workspace.original(capsule), capsule });
  };
  const parkedBy = (fate: 'rejected' | 'unavailable', code: string): Capsule => {
    const error = failure(code, fate, 'told');
    const told: CapsuleCall = { step: 'told', use: 'http.request', input: input({ id: 7 }), error, earlier: [] };
    return capsuleOf(ONE, { n: 1 }, [saved, told], { outcome: 'parked', error });
  };

  it('repeats an error for the same input', async () => {
    expect(await look(parkedBy('rejected', 'REJECTED'), ONE)).toMatchObject({
      differences: [],
      before: 'parked',
      after: 'parked',
      error: 'REJECTED REJECTED!',
      assumed: [],
    });
  });

  it('assumes that an error has passed when the run was parked by one that may pass', async () => {
    const found = await look(parkedBy('unavailable', 'UNREACHABLE'), ONE);
    expect(found).toMatchObject({ differences: [], before: 'parked', after: 'done', assumed: ['told'] });
  });

  it('names calls that are added, gone, and made with another input', async () => {
    const edited = ONE.replace('id: save', 'id: store').replace('steps.save.body.id', 'steps.store.body.id');
    const found = await look(parkedBy('rejected', 'REJECTED'), edited);
    expect(found).toMatchObject({ before: 'parked', after: 'done', assumed: ['store', 'told'] });
    expect(found.differences).toEqual([
      { kind: 'gone', step: 'save', input: input({ n: 1 }) },
      { kind: 'changed', step: 'told', before: input({ id: 7 }), after: input({ id: 0 }) },
      { kind: 'added', step: 'store', input: input({ n: 1 }) },
    ]);
  });

  it('compares with the records when the revision of the run cannot be compiled any more', async () => {
    const capsule = parkedBy('rejected', 'REJECTED');
    const found = await look({ ...capsule, flow: { ...capsule.flow, source: 'flow: [broken' } }, ONE);
    expect(found).toMatchObject({ differences: [], after: 'parked' });
  });
});

describe('the test of an exported run', () => {
  it('passes with the flow of the run, and fails where an edited flow calls otherwise', async () => {
    const calls: CapsuleCall[] = [
      { step: 'save', use: 'http.request', input: input({ n: 1 }), output: output(7), earlier: [] },
      { step: 'told', use: 'http.request', input: input({ id: 7 }), output: output(8), earlier: [] },
    ];
    await workspaceWith(ONE);
    const file = path.join(folder, 'run.json');
    writeFileSync(file, JSON.stringify(capsuleOf(ONE, { n: 1 }, calls, {})));
    expect(await (await loadExported(folder, file)).test.run()).toMatchObject({ flow: 'orders', mismatches: [] });

    await workspaceWith(ONE.replace('trigger.data.n', 'trigger.data.n + 1'));
    const { mismatches } = await (await loadExported(folder, file)).test.run();
    expect(mismatches.map(({ message }) => message)).toEqual([expect.stringContaining('calls.save.body.n')]);
  });
});
