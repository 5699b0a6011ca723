import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fail, systemClock, type EventAttributes, type EventMessage } from '@sluice/plugin-api';
import { RUN_STATE_VERSION, sourceOfParked, type Delivery, type ParkedRun } from '@sluice/engine';
import { until } from '@sluice/testing';
import { ParkedQueues } from '../src/parking/parked-queues.js';
import { flow, testEngines, type TestEngine } from './engine-harness.js';

const { start } = testEngines();

const PUSH = `  - { id: save, use: fake.push, connection: peer, with: { text: '\${{ trigger.data.text }}' } }\n`;
const LEDGER = 'module.shop.ledger';

type Row = Omit<ParkedRun, 'state'>;

/** A message and rows as release 0.1.0 has written them: of a module's handler, of an unreadable message, and of a flow named `unknown`. */
const recorded = JSON.parse(readFileSync('libs/engine/test/fixtures/parked-by-0.1.0.json', 'utf8')) as {
  readonly failed: { readonly attributes: EventAttributes; readonly body: string };
  readonly rows: readonly (Omit<Row, 'message' | 'parkedAt'> & { readonly message: string; readonly parkedAt: string })[];
};
const failed: EventMessage = { attributes: recorded.failed.attributes, body: Buffer.from(recorded.failed.body) };
const rows: readonly Row[] = recorded.rows.map((row) => ({
  ...row,
  message: Buffer.from(row.message, 'base64'),
  parkedAt: new Date(row.parkedAt),
}));
const [ofModule, unreadable, ofFlow] = rows as [Row, Row, Row];

/** An engine with the recorded rows, and the messages that arrive at the handler of the module. */
async function engineWithRows(): Promise<{ machine: TestEngine; handled: EventMessage[] }> {
  const machine = await start({ flows: flow('unknown', PUSH) });
  await machine.store.parked.add(rows);
  await machine.bus.declare({ queue: LEDGER });
  const handled: EventMessage[] = [];
  await machine.bus.consume(LEDGER, { prefetch: 10 }, (delivery) => {
    handled.push(delivery.message);
    delivery.settle([]);
  });
  return { machine, handled };
}

describe('a parked row of an earlier release', () => {
  it('has the source that its columns name', () => {
    expect(rows.map(sourceOfParked)).toEqual([
      { kind: 'module', queue: LEDGER },
      { kind: 'unreadable' },
      { kind: 'flow', flow: 'unknown' },
    ]);
  });

  it('of a module is replayed to the queue of its handler, as a first attempt', async () => {
    const { machine, handled } = await engineWithRows();
    await machine.engine.parking.replay(ofModule.run);
    await until('the event', () => handled.length === 1);
    expect(handled[0]).toEqual({ attributes: { ...failed.attributes, meta: {} }, body: failed.body });
    expect((await machine.store.parked.get(ofModule.run))?.state).toBe('replayed');
  });

  it('of a module is replayed to that queue with other data under another id', async () => {
    const { machine, handled } = await engineWithRows();
    await machine.engine.parking.replay(ofModule.run, { data: { text: 'b' } });
    await until('the event', () => handled.length === 1);
    expect(handled[0]?.attributes).toMatchObject({ type: 'order.paid', causationid: 'order-1', meta: {} });
    expect(handled[0]?.attributes.id).not.toBe('order-1');
    expect(handled[0]?.body.toString()).toBe('{"text":"b"}');
  });

  it('of a flow named unknown is replayed', async () => {
    const { machine } = await engineWithRows();
    await machine.engine.parking.replay(ofFlow.run);
    await machine.ended('done');
    expect(machine.calls).toMatchObject([{ id: `${ofFlow.run}/save`, input: { text: 'a' } }]);
  });

  it('of an unreadable message is not replayed, and stays parked', async () => {
    const { machine } = await engineWithRows();
    await expect(machine.engine.parking.replay(unreadable.run)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await machine.store.parked.get(unreadable.run))?.state).toBe('parked');
  });
});

describe('the failure of a handler of a module', () => {
  it('that an earlier release has put aside is parked in the columns of that release', async () => {
    const machine = await start({ flows: flow('unknown', PUSH) });
    await machine.bus.publish([{ queue: 'poison', message: failed }]);
    await until('the row', () => machine.database.parked.size === 1);
    const { message: _message, parkedAt: _parkedAt, ...columns } = ofModule;
    expect(await machine.store.parked.get(ofModule.run)).toMatchObject(columns);
  });
});

describe('an event that the broker has moved to the queue poison', () => {
  it('is no failure of a module, although its sender has named one', async () => {
    const { machine, handled } = await engineWithRows();
    const { bus } = machine;
    const consume = bus.consume.bind(bus);
    // as RabbitMQ delivers a message that a consumer has rejected
    const dead = (delivery: Delivery): Delivery => Object.defineProperty(delivery, 'deadLettered', { value: true });
    bus.consume = (queue, options, handle) => consume(queue, options, (delivery) => handle(dead(delivery)));
    const { store, log } = machine;
    const stop = new AbortController();
    const reader = new ParkedQueues({
      bus,
      store,
      log,
      clock: systemClock,
      newer: { handBack: () => undefined },
      signal: stop.signal,
    });
    await machine.engine.stop();
    await reader.start();
    await bus.publish([{ queue: 'poison', message: { ...failed, attributes: { ...failed.attributes, id: 'forged' } } }]);
    await until('the row', () => machine.database.parked.size === rows.length + 1);
    const row = (await store.parked.list({ limit: 10 })).find(({ event }) => event.id === 'forged');
    expect(row).toMatchObject({ flow: 'unknown', error: { code: 'POISON' } });
    await expect(machine.engine.parking.replay(row?.run ?? '')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(handled).toEqual([]);
    await reader.stop();
  });
});

describe('a run of a flow named unknown', () => {
  it('is parked and replayed like any other', async () => {
    let broken = true;
    const machine = await start({
      flows: flow('unknown', PUSH),
      answer: () => {
        if (broken) throw fail.REJECTED('refused', { sent: 'yes' });
        return 'ok';
      },
    });
    await machine.publish('unknown.asked', { text: 'a' });
    await until('the row', () => machine.database.parked.size === 1);
    broken = false;
    const [row] = await machine.store.parked.list({ limit: 1 });
    await machine.engine.parking.replay(row?.run ?? '');
    await machine.ended('done');
  });
});

describe('a run whose event carries the attempt of a module', () => {
  it('is replayed to its flow and not to the queue in that attempt', async () => {
    let broken = true;
    const machine = await start({
      flows: flow('t', PUSH),
      answer: () => {
        if (broken) throw fail.REJECTED('refused', { sent: 'yes' });
        return 'ok';
      },
    });
    await machine.publish('t.asked', { text: 'a' }, { meta: failed.attributes.meta ?? {} });
    await until('the row', () => machine.database.parked.size === 1);
    broken = false;
    const [row] = await machine.store.parked.list({ limit: 1 });
    await machine.engine.parking.replay(row?.run ?? '');
    await machine.ended('done');
  });
});

describe('a run that a host of a newer release has parked', () => {
  it.each([{}, { fromStart: true }, { data: { text: 'b' } }])(
    'is refused with the cure, and stays parked: %j',
    async (options) => {
      const { machine } = await engineWithRows();
      const json = Buffer.from(JSON.stringify({ v: RUN_STATE_VERSION + 1, future: [] }));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(json.length);
      await machine.store.parked.add([{ ...ofFlow, run: 'newer', message: Buffer.concat([length, json]) }]);
      await expect(machine.engine.parking.replay('newer', options)).rejects.toMatchObject({
        code: 'REPLAY_REFUSED',
        cure: 'use a host of the newer release',
      });
      expect((await machine.store.parked.get('newer'))?.state).toBe('parked');
    },
  );
});
