import { describe, expect, it } from '@jest/globals';
import { action, definePlugin, fail, secret } from '@sluice/plugin-api';
import { MAX_RECORDED_BYTES, type StepRecord } from '@sluice/engine';
import { MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { z } from 'zod';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const { start } = testEngines();

const FULL = 'journal: full\n';
const LIMITS = { records: 1_000, bytes: 64 * 1024 ** 2 };
const SAY = `  - id: save
    use: fake.say
    connection: quick
    with: { text: '\${{ trigger.data.text }}' }
`;

/** A plugin with secret fields: in lists and maps of inputs and outputs. */
const vault = definePlugin({
  name: 'vault',
  api: '^1',
  connection: z.null(),
  open: async () => ({ close: async () => undefined }),
  triggers: {},
  actions: {
    login: action({
      title: 'Log in',
      input: z.strictObject({ users: z.array(z.strictObject({ name: z.string(), password: secret() })) }),
      output: z.object({ sessions: z.record(z.string(), z.object({ token: secret(), age: z.number() })) }),
      idempotent: 'yes',
      run: async (_client: { close(): Promise<void> }, { users }) => {
        const [user] = users;
        if (user?.name === 'nobody') throw fail.REJECTED(`no user with the password ${user.password}`, { sent: 'yes' });
        return { sessions: { [user?.name ?? '']: { token: `token-of-${user?.password}`, age: 3 } } };
      },
    }),
  },
});

async function recorded({ store, outcomes }: TestEngine, run: string): Promise<readonly StepRecord[]> {
  await until(`the end, got ${JSON.stringify(outcomes)}`, () => outcomes.some(({ outcome }) => outcome !== undefined));
  return (await store.records.of(run, LIMITS)).records;
}

async function onlyRun({ store, database }: TestEngine): Promise<string> {
  await store.records.flush();
  return database.records[0]?.record.run ?? '';
}

const shape = (records: readonly StepRecord[]) =>
  records.map(({ kind, step, attempt, input, output }) => [
    kind,
    ...(step === '' ? [] : [step]),
    ...(attempt === 0 ? [] : [attempt]),
    ...[input, output].filter((text) => text !== undefined).map((text) => JSON.parse(text) as unknown),
  ]);

describe('a flow with journal: full', () => {
  it('records its event, each attempt of its calls, what steps return and send, and its end', async () => {
    let times = 0;
    const engine = await start({
      flows: flow(
        't',
        `${SAY}  - { id: sum, set: { of: '\${{ steps.save.n }}' } }
  - id: told
    emit: { type: t.told, subject: s1, data: { n: '\${{ steps.sum.of }}' } }
`,
        `${FULL}deliver: { retry: { attempts: 3, initial: 1s, max: 1s } }\n`,
      ),
      answer: () => {
        if (times++ === 0) throw fail.TIMED_OUT('no answer', { sent: 'unknown' });
        return { n: 7 };
      },
    });
    await engine.publish('t.asked', { text: 'a' }, { id: 'e1' });
    await engine.ended('done');
    const records = await recorded(engine, await onlyRun(engine));
    const { id } = engine.emitted[0] as { id: string };
    expect(shape(records)).toEqual([
      ['event', expect.objectContaining({ id: 'e1', type: 't.asked', data: { text: 'a' } })],
      ['call', 'save', 1, { text: 'a' }, expect.objectContaining({ code: 'TIMED_OUT', fate: 'retry', attempt: 1 })],
      ['call', 'save', 2, { text: 'a' }],
      ['output', 'save', { n: 7 }],
      ['output', 'sum', { of: 7 }],
      ['emit', 'told', { type: 't.told', subject: 's1', data: { n: 7 } }],
      ['output', 'told', { id: expect.any(String), type: 't.told' }],
      ['end', { outcome: 'done' }],
    ]);
    expect(id).toBeDefined();
    expect(records[2]).toMatchObject({ flow: 't', epoch: 0, use: 'fake.say', connection: 'quick', ms: expect.any(Number) });
  });

  it('records a paced call on the host that makes it, and items of a loop by their indices', async () => {
    const engine = await start({
      flows: flow(
        't',
        `  - id: lines
    forEach:
      in: '\${{ trigger.data.lines }}'
      steps:
        - { id: save, use: fake.push, connection: peer, with: { text: '\${{ item }}' } }
`,
        FULL,
      ),
      answer: ({ input }) => `saved ${input.text}`,
    });
    await engine.publish('t.asked', { lines: ['a', 'b'] });
    await engine.ended('done');
    const records = await recorded(engine, await onlyRun(engine));
    expect(shape(records.filter(({ step }) => step.startsWith('save')))).toEqual([
      ['call', 'save/0', 1, { text: 'a' }],
      ['output', 'save/0', 'saved a'],
      ['call', 'save/1', 1, { text: 'b' }],
      ['output', 'save/1', 'saved b'],
    ]);
  });

  it('records a replay under its epoch, with the event again', async () => {
    let broken = true;
    const engine = await start({
      flows: flow('t', SAY, FULL),
      answer: () => {
        if (broken) throw fail.REJECTED('refused', { sent: 'yes' });
        return 'ok';
      },
    });
    await engine.publish('t.asked', { text: 'a' });
    await until('the row', () => engine.database.parked.size === 1);
    broken = false;
    const run = await onlyRun(engine);
    await engine.engine.parking.replay(run);
    await engine.ended('done');
    const records = (await engine.store.records.of(run, LIMITS)).records;
    const epochs = [...new Set(records.map(({ epoch }) => epoch))];
    expect(epochs).toEqual([0, expect.any(Number)]);
    expect(records.map(({ kind, epoch }) => `${kind} ${epochs.indexOf(epoch)}`)).toEqual([
      'event 0',
      'call 0',
      'failure 0',
      'end 0',
      'event 1',
      'call 1',
      'output 1',
      'end 1',
    ]);
  });

  it('keeps no secret of a schema: neither in its field, nor where the flow copies it, nor in an error', async () => {
    const engine = await start({
      flows: flow(
        't',
        `  - { id: login, use: vault.login, with: { users: [{ name: '\${{ trigger.data.name }}', password: '\${{ trigger.data.word }}' }] } }
  - { id: header, set: { deep: [{ authorization: 'Bearer \${{ steps.login.sessions.anna.token }}' }] } }
  - { id: told, emit: { type: t.told, data: '\${{ steps.header }}' } }
  - { id: again, use: fake.push, connection: peer, with: { text: '\${{ steps.login.sessions.anna.token }}' } }
`,
        FULL,
      ),
      plugin: vault,
    });
    await engine.publish('t.asked', { name: 'anna', word: 'swordfish' });
    await engine.ended('done');
    const records = await recorded(engine, await onlyRun(engine));
    expect(shape(records).slice(1, 3)).toEqual([
      ['call', 'login', 1, { users: [{ name: 'anna', password: '***' }] }],
      ['output', 'login', { sessions: { anna: { token: '***', age: 3 } } }],
    ]);
    expect(JSON.stringify(records)).not.toContain('token-of');
    expect(JSON.stringify(records.filter(({ kind }) => kind !== 'event'))).not.toContain('swordfish');
    await engine.publish('t.asked', { name: 'nobody', word: 'swordfish' }, { id: 'e2' });
    await engine.ended('parked');
    await engine.store.records.flush();
    const failed = engine.database.records.filter(({ record }) => record.kind === 'call' && record.output !== undefined);
    expect(failed.map(({ record }) => record.output)).toEqual([expect.stringContaining('no user with the password ***')]);
  });

  it('keeps no secret of the host, also in keys and numbers of nested data', async () => {
    const engine = await start({
      flows: flow('t', `  - { id: a, set: '\${{ trigger.data }}' }\n`, FULL),
      mask: (text) => text.replaceAll('s3cr3t', '***').replaceAll('7418529630', '***'),
    });
    await engine.publish('t.asked', { list: [{ 'key s3cr3t': { word: 'my s3cr3t!', pin: 7_418_529_630 } }], other: 5 });
    await engine.ended('done');
    const records = await recorded(engine, await onlyRun(engine));
    expect(shape(records)[1]).toEqual(['output', 'a', { list: [{ 'key ***': { word: 'my ***!', pin: '***' } }], other: 5 }]);
    expect(JSON.stringify(records)).not.toMatch(/s3cr3t|7418529630/);
  });

  it('records an output of 2 MiB, and names one that is too large', async () => {
    const large = 'x'.repeat(2 * 1024 ** 2);
    const engine = await start({
      flows: flow('t', SAY, FULL),
      answer: ({ input }) => (input.text === 'large' ? large : 'y'.repeat(MAX_RECORDED_BYTES)),
    });
    await engine.publish('t.asked', { text: 'large' });
    await engine.ended('done');
    const run = await onlyRun(engine);
    const [, , output] = (await engine.store.records.of(run, LIMITS)).records;
    expect(output?.output?.length).toBe(large.length + 2);
    await engine.publish('t.asked', { text: 'too large' });
    await engine.ended('done', 2);
    await engine.store.records.flush();
    const omitted = engine.database.records.filter(({ record }) => record.omitted !== undefined).map(({ record }) => record);
    expect(omitted).toEqual([expect.objectContaining({ kind: 'output', step: 'save', omitted: ['output'] })]);
  });

  it('runs as usual while the database of its records is unavailable, and counts what does not fit', async () => {
    const database = new MemoryDatabase();
    const engine = await start({ flows: flow('t', `  - { id: a, set: 1 }\n`, FULL), database });
    database.away = true;
    for (let n = 0; n < 20; n++) await engine.publish('t.asked', { n });
    await engine.ended('done', 20);
    expect(engine.engine.recorder.skipped).toBe(0);
    database.away = false;
    await engine.store.records.flush();
    expect(database.records).toHaveLength(60);
  });

  it('deletes the oldest records when together they are too large, and reports how many', async () => {
    const engine = await start({
      flows: flow('t', `  - { id: a, set: '\${{ trigger.data }}' }\n`, FULL),
      settings: 'settings: { limits: { steps: 64KiB } }\n',
    });
    for (let n = 0; n < 40; n++) {
      await engine.publish('t.asked', { text: `${n} ${'x'.repeat(4_000)}` });
      await engine.ended('done', n + 1);
    }
    await engine.engine.recorder.trim();
    const texts = engine.database.records.map(({ record }) => record.output ?? record.input ?? '');
    expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThan(2 * 64 * 1024);
    expect(texts.join()).toContain('39 xxx');
    expect(engine.engine.recorder.displaced).toBeGreaterThan(50);
    expect(engine.log.lines.filter(({ message }) => message.startsWith('records of runs were deleted')).length).toBeGreaterThan(
      0,
    );
  });
});

it.each(['all', 'changes', 'off'])('a flow with journal: %s records nothing', async (journal) => {
  const engine = await start({ flows: flow('t', SAY, `journal: ${journal}\n`) });
  await engine.publish('t.asked', { text: 'a' });
  await engine.ended('done');
  await engine.store.records.flush();
  expect(engine.database.records).toEqual([]);
});
