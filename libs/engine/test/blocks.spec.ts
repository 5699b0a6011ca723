import { describe, expect, it } from '@jest/globals';
import { fail } from '@sluice/plugin-api';
import { until } from '@sluice/testing';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const { start } = testEngines();

const NO_RETRY = 'deliver:\n  retry: { attempts: 1 }\n';

/** A step that calls the fake peer: `push` is paced, `say` is not. */
const call = (id: string, text: string, indent: number, action = 'push') =>
  [`- id: ${id}`, `  use: fake.${action}`, '  connection: peer', `  with: { text: '${text}' }`, '']
    .map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
    .join('\n');

const lines = (text: string, indent: number) =>
  text
    .trim()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}\n`)
    .join('');

const tell = (type: string, data: string) => lines(`- id: ${type}Told\n  emit: { type: ${type}, data: '${data}' }`, 2);

async function dataOf(machine: TestEngine, type: string): Promise<unknown> {
  await until(`the event ${type}`, () => machine.emitted.some((one) => one.type === type));
  return machine.emitted.find((one) => one.type === type)?.data;
}

async function parkedOne(machine: TestEngine) {
  await until('the parked row', async () => (await machine.store.parked.list({ state: 'parked', limit: 2 })).length > 0);
  const [row] = await machine.store.parked.list({ state: 'parked', limit: 2 });
  if (!row) throw new Error('no run is parked');
  return row;
}

/** Paths of the calls, in order, without the id of the run. */
const paths = (machine: TestEngine) => machine.calls.map(({ id }) => id.slice(37));

const LOOP = (more = '', action = 'push') => `  - id: each
    forEach:
      in: \${{ [trigger.data.items] }}
      as: line
${more}      steps:
${call('save', '${{ line }}', 8, action)}`;

describe.each(['push', 'say'])('forEach with the %s action', (action) => {
  it('runs its steps for each item in order, under ids with the index, and collects the results', async () => {
    const machine = await start({
      flows: flow('t', LOOP('', action) + tell('after', '${{ steps.each }}')),
      answer: ({ input }) => ({ saved: input.text }),
    });
    await machine.publish('t.asked', { items: ['a', 'b', 'c'] });
    await machine.ended('done');
    expect(paths(machine)).toEqual(['save/0', 'save/1', 'save/2']);
    expect(machine.calls.map(({ input }) => input.text)).toEqual(['a', 'b', 'c']);
    expect(await dataOf(machine, 'after')).toEqual({
      total: 3,
      succeeded: 3,
      failed: 0,
      results: [{ saved: 'a' }, { saved: 'b' }, { saved: 'c' }],
      errors: [],
    });
  });

  it('parks the run when items have failed, and a replay repeats only these', async () => {
    let broken = true;
    const machine = await start({
      flows: flow('t', LOOP('', action) + tell('after', '${{ steps.each }}'), NO_RETRY),
      answer: ({ input }) => {
        if (broken && (input.text === 'b' || input.text === 'd')) throw fail.REJECTED(`no ${input.text}`);
        return input.text;
      },
    });
    await machine.publish('t.asked', { items: ['a', 'b', 'c', 'd'] });
    const row = await parkedOne(machine);
    expect(row).toMatchObject({ step: 'each', error: { code: 'FOREACH_FAILED', step: 'each', cause: { message: 'no b' } } });
    expect(paths(machine)).toEqual(['save/0', 'save/1', 'save/2', 'save/3']);
    broken = false;
    await machine.engine.parking.replay(row.run);
    await machine.ended('done');
    expect(paths(machine).slice(4)).toEqual(['save/1', 'save/3']);
    expect(await dataOf(machine, 'after')).toMatchObject({ succeeded: 4, failed: 0, results: ['a', 'b', 'c', 'd'] });
  });

  it('begins no further item after a failure with onFailure: stop, and a replay continues with it and with the rest', async () => {
    let broken = true;
    const machine = await start({
      flows: flow('t', LOOP('      onFailure: stop\n', action), NO_RETRY),
      answer: ({ input }) => {
        if (broken && input.text === 'b') throw fail.REJECTED('no b');
        return input.text;
      },
    });
    await machine.publish('t.asked', { items: ['a', 'b', 'c'] });
    const row = await parkedOne(machine);
    expect(paths(machine)).toEqual(['save/0', 'save/1']);
    broken = false;
    await machine.engine.parking.replay(row.run);
    await machine.ended('done');
    expect(paths(machine)).toEqual(['save/0', 'save/1', 'save/1', 'save/2']);
  });
});

describe('forEach', () => {
  it('succeeds with its failures as data with onFailure: continue', async () => {
    const machine = await start({
      flows: flow('t', LOOP('      onFailure: continue\n') + tell('after', '${{ steps.each }}'), NO_RETRY),
      answer: ({ input }) => {
        if (input.text === 'b') throw fail.REJECTED('no b');
        return input.text;
      },
    });
    await machine.publish('t.asked', { items: ['a', 'b'] });
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toMatchObject({
      total: 2,
      succeeded: 1,
      failed: 1,
      results: ['a'],
      errors: [{ index: 1, item: 'b', error: { code: 'REJECTED', message: 'no b' } }],
    });
  });

  it('nests, with one index for each loop, and shows each item its own steps only', async () => {
    const inner = `  - id: outer
    forEach:
      in: \${{ [trigger.data.orders] }}
      as: order
      steps:
        - id: inner
          forEach:
            in: \${{ [order.lines] }}
            as: line
            steps:
${call('save', '${{ order.n }}-${{ line }}-${{ loop.index + 1 }}/${{ loop.total }}', 14)}              - id: seen
                set: \${{ steps.save }}
            output: \${{ steps.seen }}
`;
    const machine = await start({
      flows: flow('t', inner + tell('after', '${{ steps.outer.results }}')),
      answer: ({ input }) => input.text,
    });
    await machine.publish('t.asked', {
      orders: [
        { n: 'x', lines: [1, 2] },
        { n: 'y', lines: [3] },
      ],
    });
    await machine.ended('done');
    expect(paths(machine)).toEqual(['save/0/0', 'save/0/1', 'save/1/0']);
    expect(machine.calls.map(({ input }) => input.text)).toEqual(['x-1-1/2', 'x-2-2/2', 'y-3-1/1']);
    expect(await dataOf(machine, 'after')).toMatchObject([{ results: ['x-1-1/2', 'x-2-2/2'] }, { results: ['y-3-1/1'] }]);
  });

  it('continues a failed item at the step that failed, with the outputs that it had', async () => {
    let broken = true;
    const two = `  - id: each
    forEach:
      in: \${{ [trigger.data.items] }}
      as: line
      steps:
${call('first', '${{ line }}', 8)}${call('second', '${{ steps.first }}!', 8)}`;
    const machine = await start({
      flows: flow('t', two, NO_RETRY),
      answer: ({ input }) => {
        if (broken && input.text === 'b!') throw fail.REJECTED('no');
        return input.text;
      },
    });
    await machine.publish('t.asked', { items: ['a', 'b'] });
    const row = await parkedOne(machine);
    broken = false;
    await machine.engine.parking.replay(row.run);
    await machine.ended('done');
    expect(paths(machine)).toEqual(['first/0', 'second/0', 'first/1', 'second/1', 'second/1']);
    expect(machine.calls.at(-1)?.input.text).toBe('b!');
  });

  it('refuses a value that is not a list, passes by the try and runs the handler of the flow', async () => {
    const wrong = `  - id: guarded
    try:
      steps:
        - id: each
          forEach:
            in: \${{ trigger.data.items }}
            steps:
              - id: x
                set: 1
      catch:
        - id: hidden
          emit: { type: hidden }
catch:
${tell('caught', '${{ error.code }}')}`;
    const machine = await start({ flows: flow('t', wrong) });
    await machine.publish('t.asked', { items: { sku: 'a' } });
    const row = await parkedOne(machine);
    expect(row).toMatchObject({ step: 'each', error: { code: 'FOREACH_NOT_LIST' } });
    expect(await dataOf(machine, 'caught')).toBe('FOREACH_NOT_LIST');
    expect(machine.emitted.some(({ type }) => type === 'hidden')).toBe(false);
  });

  it('ends an empty list at once', async () => {
    const machine = await start({ flows: flow('t', LOOP() + tell('after', '${{ steps.each }}')) });
    await machine.publish('t.asked', { items: [] });
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toEqual({ total: 0, succeeded: 0, failed: 0, results: [], errors: [] });
  });

  it('lets the other work of the host go on between 100,000 items', async () => {
    const many = `  - id: each
    forEach:
      in: \${{ [1..100000] }}
      steps:
        - id: twice
          set: \${{ item * 2 }}
      output: \${{ steps.twice }}
`;
    const machine = await start({ flows: flow('t', many + tell('after', '${{ steps.each.total }}')) });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await machine.publish('t.asked', {});
    await until('the end of the run', () => machine.outcomes.some(({ outcome }) => outcome === 'done'), 100_000);
    clearInterval(timer);
    expect(await dataOf(machine, 'after')).toBe(100_000);
    expect(turns).toBeGreaterThan(5);
  }, 120_000);
});

const TRY = (body: string, handler: string, more = '') =>
  `  - id: guarded\n${more}    try:\n      steps:\n${body}      catch:\n${handler}`;

describe('try', () => {
  it('continues after its handler, which sees the error and the finished steps', async () => {
    const machine = await start({
      flows: flow(
        't',
        TRY(
          `        - id: before\n          set: 7\n${call('save', 'x', 8)}`,
          lines("- id: seen\n  set: { code: '${{ error.code }}', step: '${{ error.step }}', before: '${{ steps.before }}' }", 8),
        ) + tell('after', '${{ steps.seen }}'),
        NO_RETRY,
      ),
      answer: () => {
        throw fail.REJECTED('no');
      },
    });
    await machine.publish('t.asked', {});
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toEqual({ code: 'REJECTED', step: 'save', before: 7 });
  });

  it('is left without its handler when nothing fails, and its steps stay visible', async () => {
    const machine = await start({
      flows: flow(
        't',
        TRY(call('save', 'x', 8), lines('- id: never\n  emit: { type: never }', 8)) + tell('after', '${{ steps.save }}'),
      ),
      answer: () => 'ok',
    });
    await machine.publish('t.asked', {});
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toBe('ok');
    expect(machine.emitted.some(({ type }) => type === 'never')).toBe(false);
  });

  it('parks at the step that failed when the handler raises the error again, and a replay continues there', async () => {
    let broken = true;
    const machine = await start({
      flows: flow(
        't',
        TRY(call('save', 'x', 8), `${lines('- id: told\n  emit: { type: told }', 8)}${lines('- id: again\n  raise: {}', 8)}`),
        NO_RETRY,
      ),
      answer: () => {
        if (broken) throw fail.REJECTED('no');
        return 1;
      },
    });
    await machine.publish('t.asked', {});
    const row = await parkedOne(machine);
    expect(row).toMatchObject({ step: 'save', error: { code: 'REJECTED', message: 'no', step: 'save' } });
    expect(row.error.cause).toBeUndefined();
    broken = false;
    await machine.engine.parking.replay(row.run);
    await machine.ended('done');
    expect(paths(machine)).toEqual(['save', 'save']);
  });

  it('passes a failure of its handler outward, with the first error as its cause', async () => {
    const machine = await start({
      flows: flow(
        't',
        TRY(
          TRY(call('save', 'x', 8), call('undo', 'undo', 8))
            .replace(/^/gm, '      ')
            .replace('guarded', 'inner')
            .trimEnd() + '\n',
          lines("- id: seen\n  set: { message: '${{ error.message }}', cause: '${{ error.cause.message }}' }", 8),
        ) + tell('after', '${{ steps.seen }}'),
        NO_RETRY,
      ),
      answer: ({ input }) => {
        throw fail.REJECTED(`no ${input.text}`);
      },
    });
    await machine.publish('t.asked', {});
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toEqual({ message: 'no undo', cause: 'no x' });
  });

  it('does not catch a mistake of the flow', async () => {
    const machine = await start({
      flows: flow('t', TRY(lines("- id: wrong\n  set: '${{ trigger.data.missing }}'", 8), lines('- id: hidden\n  set: 1', 8))),
    });
    await machine.publish('t.asked', { other: 1 });
    expect(await parkedOne(machine)).toMatchObject({ step: 'wrong', error: { code: 'EXPR_MISSING' } });
  });

  it('ends at its timeout without its own handler, and the outer one takes over: no call begins afterwards', async () => {
    const inner = `  - id: guarded
    try:
      steps:
        - id: inner
          timeout: 1s
          try:
            steps:
${call('slow', 'slow', 14)}${call('late', 'late', 14)}            catch:
              - id: own
                emit: { type: own }
      catch:
        - id: seen
          set: { code: '\${{ error.code }}', step: '\${{ error.step }}' }
`;
    const machine = await start({
      flows: flow('t', inner + tell('after', '${{ steps.seen }}')),
      answer: (_call, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(fail.TIMED_OUT('cut')))),
    });
    await machine.publish('t.asked', {});
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toEqual({ code: 'STEP_TIMEOUT', step: 'inner' });
    expect(machine.emitted.some(({ type }) => type === 'own')).toBe(false);
    expect(paths(machine)).toEqual(['slow']);
  });
});

describe('the handler of the flow', () => {
  const failing = (handler: string) =>
    start({
      flows: flow('t', `${call('save', 'x', 2)}catch:\n${handler}`, NO_RETRY),
      answer: () => {
        throw fail.REJECTED('no');
      },
    });

  it('ends the run as caught', async () => {
    const machine = await failing(tell('after', '${{ error.message }}'));
    await machine.publish('t.asked', {});
    await machine.ended('caught');
    expect(await dataOf(machine, 'after')).toBe('no');
    expect(await machine.store.parked.list({ limit: 1 })).toEqual([]);
  });

  it('parks the run at the step that failed when it raises the error again', async () => {
    const machine = await failing(`${tell('after', '${{ error.message }}')}${lines('- id: again\n  raise: {}', 2)}`);
    await machine.publish('t.asked', {});
    expect(await parkedOne(machine)).toMatchObject({ step: 'save', error: { code: 'REJECTED' } });
    expect(await dataOf(machine, 'after')).toBe('no');
  });

  it('keeps the place of the first failure when it fails itself', async () => {
    const machine = await failing(lines("- id: worse\n  raise: { code: WORSE, message: 'nothing helps' }", 2));
    await machine.publish('t.asked', {});
    expect(await parkedOne(machine)).toMatchObject({
      step: 'save',
      error: { code: 'WORSE', fate: 'rejected', message: 'nothing helps', cause: { message: 'no' } },
    });
  });
});

describe('raise', () => {
  it('fails with its own code, fate, message and details', async () => {
    const own = `  - id: guarded
    try:
      steps:
        - id: none
          raise: { code: NOTHING_RESERVED, fate: fatal, message: 'Заказ \${{ trigger.data.n }}', details: { n: '\${{ trigger.data.n }}' } }
      catch:
        - id: seen
          set: '\${{ error.({"code": code, "fate": fate, "message": message, "details": details}) }}'
`;
    const machine = await start({ flows: flow('t', own + tell('after', '${{ steps.seen }}')) });
    await machine.publish('t.asked', { n: 5 });
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toEqual({
      code: 'NOTHING_RESERVED',
      fate: 'fatal',
      message: 'Заказ 5',
      details: { n: 5 },
    });
  });
});

describe('retry of a step', () => {
  it('replaces the policy of the flow', async () => {
    const machine = await start({
      flows: flow('t', `${call('save', 'x', 2)}    retry: { attempts: 2, backoff: fixed, initial: 1s }\n`, NO_RETRY),
      answer: ({ attempt }) => {
        if (attempt === 1) throw fail.TIMED_OUT('slow');
        return 1;
      },
    });
    await machine.publish('t.asked', {});
    await machine.ended('done');
    expect(machine.calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });
});

describe('call', () => {
  const callee = (steps: string, more = '') => `---\nsluice: 1\nflow: helper\ntrigger: { use: flow }\n${more}steps:\n${steps}`;
  const caller = (more = '') =>
    flow(
      't',
      `  - id: asked\n    call: { flow: helper, data: { n: '\${{ trigger.data.n }}' } }\n${more}${tell('after', '${{ steps.asked }}')}`,
      NO_RETRY,
    );

  it('continues with the first reply of the called flow, which goes on', async () => {
    const machine = await start({
      flows: `${caller()}${callee(
        `${call('save', 'n${{ trigger.data.n }}', 2)}  - id: told\n    reply: { data: { twice: '\${{ trigger.data.n * 2 }}' } }\n${tell('later', '${{ steps.save }}')}`,
      )}`,
      answer: ({ input }) => input.text,
    });
    await machine.publish('t.asked', { n: 4 });
    await machine.ended('done', 2);
    expect(await dataOf(machine, 'after')).toEqual({ twice: 8 });
    expect(await dataOf(machine, 'later')).toBe('n4');
  });

  it('has the output null when the called flow ends without a reply', async () => {
    const machine = await start({ flows: `${caller()}${callee('  - id: x\n    set: 1\n  - id: y\n    stop: {}\n')}` });
    await machine.publish('t.asked', { n: 4 });
    await machine.ended('done');
    expect(await dataOf(machine, 'after')).toBeNull();
  });

  it('fails at once when the called flow parks, which answers nobody when it is replayed', async () => {
    let broken = true;
    const machine = await start({
      flows: `${caller('    onError: [{ output: \'${{ error.({"code": code, "cause": cause.message}) }}\' }]\n')}${callee(
        call('save', 'x', 2),
        NO_RETRY,
      )}`,
      answer: () => {
        if (broken) throw fail.REJECTED('no');
        return 1;
      },
    });
    await machine.publish('t.asked', { n: 4 });
    expect(await dataOf(machine, 'after')).toEqual({ code: 'CALL_FAILED', cause: 'no' });
    const row = await parkedOne(machine);
    expect(row).toMatchObject({ flow: 'helper', step: 'save' });
    broken = false;
    await machine.engine.parking.replay(row.run);
    await machine.ended('done', 2);
    expect(machine.emitted.filter(({ type }) => type === 'after')).toHaveLength(1);
  });

  it('fails on a reply from 400 on, and parks the caller at the step', async () => {
    const machine = await start({
      flows: `${caller()}${callee('  - id: no\n    reply: { status: 404, data: { why: gone } }\n')}`,
    });
    await machine.publish('t.asked', { n: 4 });
    expect(await parkedOne(machine)).toMatchObject({
      flow: 't',
      step: 'asked',
      error: { code: 'CALL_FAILED', details: { status: 404, data: { why: 'gone' } } },
    });
  });

  it('ends at its timeout, and no call of the called flow begins afterwards', async () => {
    const machine = await start({
      flows: `${caller("    timeout: 1s\n    onError: [{ output: '${{ error.code }}' }]\n")}${callee(
        `${call('first', 'first', 2)}${call('second', 'second', 2)}`,
      )}`,
      answer: (_call, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(fail.TIMED_OUT('cut')))),
    });
    await machine.publish('t.asked', { n: 4 });
    expect(await dataOf(machine, 'after')).toBe('STEP_TIMEOUT');
    expect(await parkedOne(machine)).toMatchObject({ flow: 'helper', error: { code: 'STEP_TIMEOUT' } });
    expect(paths(machine)).toEqual(['first']);
  });

  it('fails when the data does not fit the input of the called flow, of which nothing is parked', async () => {
    const machine = await start({
      flows: `${caller("    onError: [{ output: '${{ error.cause.code }}' }]\n")}---
sluice: 1
flow: helper
trigger: { use: flow, with: { input: { type: object, properties: { n: { type: string } }, required: [n] } } }
steps:
  - id: x
    set: 1
`,
    });
    await machine.publish('t.asked', { n: 4 });
    expect(await dataOf(machine, 'after')).toBe('INPUT_INVALID');
    expect(await machine.store.parked.list({ limit: 1 })).toEqual([]);
    expect(machine.calls).toEqual([]);
  });

  describe('that nests', () => {
    const deeper = `  - id: deeper
    if: \${{ trigger.data.n < trigger.data.depth }}
    call: { flow: helper, data: { n: '\${{ trigger.data.n + 1 }}', depth: '\${{ trigger.data.depth }}', pad: '\${{ trigger.data.pad }}' } }
  - id: told
    reply: { data: '\${{ $exists(steps.deeper) ? steps.deeper : trigger.data.n }}' }
`;
    const nested = () =>
      start({ flows: `${flow('t', deeper + tell('after', '${{ steps.deeper }}'), NO_RETRY)}${callee(deeper)}` });
    const asked = (depth: number) => ({ n: 0, depth, pad: 'x'.repeat(100_000) });

    it('returns through 32 levels, each with its data', async () => {
      const machine = await nested();
      await machine.publish('t.asked', asked(32));
      expect(await dataOf(machine, 'after')).toBe(32);
      await machine.ended('done', 33);
      expect(await machine.store.parked.list({ limit: 1 })).toEqual([]);
    });

    it('fails at the level 33, with an error that is as long at each level', async () => {
      const machine = await nested();
      await machine.publish('t.asked', asked(33));
      await machine.ended('parked', 33);
      await until('the parked rows', async () => (await machine.store.parked.list({ state: 'parked', limit: 50 })).length === 33);
      const rows = await machine.store.parked.list({ state: 'parked', limit: 50 });
      const [first, ...callers] = rows.toSorted((a, b) =>
        a.error.code === 'FLOW_LOOP' ? -1 : b.error.code === 'FLOW_LOOP' ? 1 : 0,
      );
      expect(first?.error).toMatchObject({ code: 'FLOW_LOOP', message: expect.stringContaining('the limit is 32') });
      for (const { error } of callers) {
        expect(error).toMatchObject({ code: 'CALL_FAILED', cause: { code: 'FLOW_LOOP', message: first?.error.message } });
        expect(error.message).toMatch(/^helper was parked \(run [\w-]{36}\): sluice\.call would be hop 33/);
        expect(error.message.length).toBeLessThan(200);
      }
    });
  });

  it('works inside of a loop, with one called run for each item', async () => {
    const machine = await start({
      flows: `${flow('t', `  - id: each\n    forEach:\n      in: \${{ [trigger.data.items] }}\n      steps:\n        - id: asked\n          call: { flow: helper, data: '\${{ item }}' }\n${tell('after', '${{ steps.each.results }}')}`)}${callee("  - id: told\n    reply: { data: '${{ trigger.data + 1 }}' }\n")}`,
    });
    await machine.publish('t.asked', { items: [1, 2, 3] });
    await machine.ended('done', 4);
    expect(await dataOf(machine, 'after')).toEqual([2, 3, 4]);
  });
});
