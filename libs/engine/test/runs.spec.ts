import { describe, expect, it } from '@jest/globals';
import { fail, systemClock } from '@sluice/plugin-api';
import { encodeRun } from '@sluice/engine';
import { MemoryBroker, MemoryDatabase, MemoryStore, VirtualClock } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, type TestEngine, testEngines, startTestEngine } from './engine-harness.js';

const { start } = testEngines();

const PUSH = `  - id: save
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
`;
const refuseBad: Parameters<typeof startTestEngine>[0]['answer'] = ({ input }) => {
  if (input.text === 'bad') throw fail.REJECTED('refused', { sent: 'yes' });
  return 'ok';
};

async function parkedRun(machine: TestEngine): Promise<string> {
  await until('the row', () => machine.database.parked.size === 1);
  return (await machine.store.parked.list({ limit: 1 }))[0]?.run ?? '';
}

describe('a replay with other data', () => {
  it('is not a duplicate of the run that it replaces', async () => {
    const dedupe = `deliver:\n  dedupe: { key: order-1, within: 1d }\n`;
    const machine = await start({ flows: flow('t', PUSH, dedupe), answer: refuseBad });
    await machine.publish('t.asked', { text: 'bad' });
    await machine.engine.parking.replay(await parkedRun(machine), { data: { text: 'good' } });
    await machine.ended('done');
    expect(machine.calls.map((call) => call.input.text)).toEqual(['bad', 'good']);
  });

  it('leaves the run parked when the publish fails, because the sweeper would send the old data', async () => {
    const broker = new MemoryBroker();
    const machine = await start({ broker, flows: flow('t', PUSH), answer: refuseBad });
    await machine.publish('t.asked', { text: 'bad' });
    const run = await parkedRun(machine);
    broker.stop();
    await expect(machine.engine.parking.replay(run, { data: { text: 'good' } })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
    broker.start();
    expect((await machine.store.parked.get(run))?.state).toBe('parked');
  });
});

describe('a replay from the start', () => {
  const STEPS = `  - { id: first, use: fake.say, connection: quick, with: { text: first } }\n${PUSH}`;

  it('is published from the start by the sweeper, once, when its host dies before the publish', async () => {
    const [broker, clock] = [new MemoryBroker(), new VirtualClock()];
    const machine = await start({ broker, clock, flows: flow('t', STEPS), answer: refuseBad });
    await machine.publish('t.asked', { text: 'bad' });
    const run = await parkedRun(machine);
    broker.stop();
    await expect(machine.engine.parking.replay(run, { fromStart: true })).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    broker.start();
    await expect(machine.engine.parking.replay(run)).rejects.toMatchObject({
      code: 'REPLAY_REFUSED',
      message: expect.stringContaining('from the start already'),
    });
    await clock.advance(120_000);
    await machine.ended('parked', 2);
    expect(machine.calls.map(({ input }) => input.text)).toEqual(['first', 'bad', 'first', 'bad']);
    await until('the second row', () => machine.database.parked.size === 2);
  });
});

describe('a run that is parked with more outputs than can travel', () => {
  it('keeps its error and its trigger, and is replayed from the start', async () => {
    const say = (id: string) =>
      `  - { id: ${id}, use: fake.say, connection: quick, with: { text: '\${{ trigger.data.text & "${id}" }}' } }\n`;
    let broken = true;
    const machine = await start({
      flows: flow('t', ['one', 'two', 'three'].map(say).join('')),
      answer: ({ input }) => {
        if (broken && input.text.endsWith('three')) throw fail.REJECTED('refused', { sent: 'yes' });
        return 'x'.repeat(broken ? 5 * 1024 ** 2 : 1);
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    const run = await parkedRun(machine);
    const parked = await machine.store.parked.get(run);
    expect(parked?.error).toMatchObject({ code: 'REJECTED', step: 'three' });
    expect(parked?.message.length).toBeLessThan(10_000);
    broken = false;
    await machine.engine.parking.replay(run);
    await machine.ended('done');
    expect(machine.calls.map(({ input }) => input.text)).toEqual(['aone', 'atwo', 'athree', 'aone', 'atwo', 'athree']);
  });
});

describe('the sweep for replays whose host has died', () => {
  it('continues with the next run when one cannot be published', async () => {
    let now = Date.now();
    const database = new MemoryDatabase({ ...systemClock, now: () => now });
    const store = new MemoryStore(database);
    const event = { id: 'e', source: '/s', type: 't.asked', time: new Date().toISOString() };
    for (const name of ['gone', 't']) {
      const state = {
        run: `of ${name}`,
        epoch: 0,
        flow: name,
        revision: '',
        event,
        startedAt: now,
        steps: {},
        kind: 'parked',
      } as const;
      const error = { code: 'REJECTED', fate: 'rejected', message: 'refused' } as const;
      const message = encodeRun({ state, body: Buffer.from('{"text":"a"}') });
      await store.parked.add([
        { run: state.run, epoch: 0, flow: name, revision: '', event, error, parkedAt: new Date(now), message },
      ]);
      await store.parked.replaying(state.run, 0, { fromStart: false });
    }
    now += 61_000;
    const machine = await start({ database, flows: flow('t', PUSH) });
    await machine.ended('done');
    await until('the mark', async () => (await store.parked.get('of t'))?.state === 'replayed');
    expect((await store.parked.get('of gone'))?.state).toBe('replaying');
  });
});

describe('an unreadable message', () => {
  it('is parked with its bytes, also after many redeliveries, and is not replayed', async () => {
    const broker = new MemoryBroker();
    const first = broker.connect();
    await first.declare({ queue: 'flow.t.next' });
    const attributes = { id: 'x', source: '/x', type: 'sluice.run', time: new Date().toISOString() };
    const message = { attributes: { ...attributes, datacontenttype: 'application/vnd.sluice.run' }, body: Buffer.from('no run') };
    await first.publish([{ queue: 'flow.t.next', message }]);
    for (let crash = 0; crash < 5; crash++) {
      const dying = broker.connect();
      await new Promise<void>((resolve) => void dying.consume('flow.t.next', { prefetch: 1 }, () => resolve()));
      await dying.close();
    }
    const machine = await start({ broker, flows: flow('t', PUSH) });
    const run = await parkedRun(machine);
    await expect(machine.engine.parking.replay(run)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await machine.store.parked.get(run))?.state).toBe('parked');
  });
});

describe('an event that expires while its call is open', () => {
  it('is done when the call was the last step', async () => {
    const machine = await start({
      flows: flow('t', PUSH, 'deliver:\n  expires: 1s\n'),
      answer: () => new Promise((resolve) => setTimeout(() => resolve('ok'), 1_100)),
    });
    await machine.publish('t.asked', { text: 'a' });
    await until('the end', () => machine.outcomes.some((one) => one.outcome !== undefined));
    expect(machine.outcomes.map((one) => one.outcome).filter((one) => one !== undefined)).toEqual(['done']);
  });
});

describe('an event that is emitted', () => {
  const bodies = async (machine: TestEngine, type: string) => {
    const seen: { body: string; type: string | undefined }[] = [];
    await machine.bus.declare({ queue: 'bodies', types: [type] });
    await machine.bus.consume('bodies', { prefetch: 10 }, (delivery) => {
      seen.push({ body: delivery.message.body.toString(), type: delivery.message.attributes.datacontenttype });
      delivery.settle([]);
    });
    return seen;
  };

  it('carries the unchanged body of the trigger when its data is that of the trigger', async () => {
    const steps = `  - id: out\n    emit: { type: out, data: '\${{ trigger.data }}' }\n`;
    const machine = await start({ flows: flow('t', steps) });
    const seen = await bodies(machine, 'out');
    const body = Buffer.from('{ "n" : 1.0 }');
    await machine.publish('t.asked', { n: 1 }, { body, datacontenttype: 'application/json; charset=utf-8' });
    await until('the event', () => seen.length === 1);
    expect(seen).toEqual([{ body: '{ "n" : 1.0 }', type: 'application/json; charset=utf-8' }]);
  });

  it('carries the body that a call has set', async () => {
    const machine = await start({
      flows: flow('t', PUSH),
      answer: (_seen, call) => {
        call.emit({ type: 'out', data: undefined, body: Buffer.from('<a>1</a>'), datacontenttype: 'application/xml' });
      },
    });
    const seen = await bodies(machine, 'out');
    await machine.publish('t.asked', { text: 'a' });
    await until('the event', () => seen.length === 1);
    expect(seen).toEqual([{ body: '<a>1</a>', type: 'application/xml' }]);
  });

  it('is refused above settings.limits.eventBytes', async () => {
    const steps = `  - id: out\n    emit: { type: out, data: '\${{ trigger.data.text & trigger.data.text & trigger.data.text }}' }\n`;
    const machine = await start({ settings: 'settings: { limits: { event: 1KiB } }\n', flows: flow('t', steps) });
    await machine.publish('t.asked', { text: 'x'.repeat(500) });
    await parkedRun(machine);
    expect((await machine.store.parked.list({ limit: 1 }))[0]?.error.code).toBe('BODY_TOO_LARGE');
  });
});

describe('callers that wait for a reply', () => {
  it('receive the reply to their own event, also when two sent the same id', async () => {
    const steps = `  - id: answer\n    reply: { data: '\${{ trigger.data.text }}' }\n`;
    const machine = await start({ flows: flow('t', steps) });
    const ask = (source: string) =>
      machine.engine.ingress.hand('t', { id: '1', type: 't.asked', source, data: { text: source } }, { withinMs: 5_000 });
    const [a, b] = await Promise.all([ask('/a'), ask('/b')]);
    expect([(await a.reply)?.data, (await b.reply)?.data]).toEqual(['/a', '/b']);
  });

  it.each([
    ['a map', '{ "a": 1 }', 'a list or a map'],
    ['a list', '["a", "b"]', 'a list or a map'],
    ['null', 'null', 'null'],
  ])('receive no header that is %s', async (_, header, what) => {
    const steps = `  - id: answer\n    reply: { headers: { X-A: '\${{ ${header} }}' } }\n`;
    const machine = await start({ flows: flow('t', steps) });
    const accepted = await machine.engine.ingress.hand('t', { type: 't.asked', source: '/a', data: {} }, { withinMs: 5_000 });
    const message = `the header "X-A" of a reply is ${what}, not a text`;
    expect(await accepted.reply).toMatchObject({ status: 422, data: { code: 'INPUT_INVALID', message } });
  });

  it('receive the reply again when they repeat their request with the same id', async () => {
    const steps = `${PUSH}  - id: answer\n    reply: { data: '\${{ trigger.data.text }}' }\n`;
    const machine = await start({ flows: flow('t', steps) });
    const event = { id: '1', type: 't.asked', source: '/a', data: { text: 'a' } };
    const ask = () => machine.engine.ingress.hand('t', event, { withinMs: 5_000 });
    expect((await (await ask()).reply)?.data).toBe('a');
    const first = Date.now();
    await until('the next millisecond', () => Date.now() > first);
    expect((await (await ask()).reply)?.data).toBe('a');
  });

  it('receive an error when the host stops', async () => {
    const machine = await start({ flows: flow('t', PUSH) });
    const event = { type: 't.asked', source: '/a', data: { text: 'a' } };
    await machine.bus.declare({ queue: 'flow.elsewhere' });
    const accepted = await machine.engine.ingress.hand('elsewhere', event, { withinMs: 3_600_000 });
    const refused = expect(accepted.reply).rejects.toMatchObject({ code: 'REPLY_LATE' });
    await machine.engine.stop();
    await refused;
  });
});
