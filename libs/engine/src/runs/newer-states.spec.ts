import { describe, expect, it } from '@jest/globals';
import type { Outgoing } from '@sluice/engine';
import type { EventMessage } from '@sluice/plugin-api';
import { VirtualClock } from '@sluice/memory';
import { MemoryLog, until } from '@sluice/testing';
import { flow, testEngines } from '../../test/engine-harness.js';
import { NewerStateQueues } from './newer-states.js';
import { RUN_STATE_VERSION } from './run-codec.js';

const { start } = testEngines();

const PUSH = `  - id: save
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
`;
const event = { id: 'x', source: '/x', type: 't.asked', time: '2026-01-01T00:00:00Z', datacontenttype: 'application/json' };
const call = {
  plugin: 'fake',
  action: 'push',
  priority: 'normal',
  input: { text: 'a' },
  attempt: 1,
  waits: 0,
  policy: { attempts: 3 },
  since: 1,
};
const base = { run: 'r', epoch: 0, flow: 't', revision: '', event, startedAt: 1, steps: {}, at: 'save', call };

function message(state: unknown): EventMessage {
  const json = Buffer.from(JSON.stringify(state));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return {
    attributes: {
      id: 'm',
      source: '/flows/t',
      type: 'sluice.run',
      time: event.time,
      datacontenttype: 'application/vnd.sluice.run',
    },
    body: Buffer.concat([length, json, Buffer.from('{"text":"a"}')]),
  };
}

describe('a run that a newer release has written', () => {
  it.each([
    ['flow.t.next', 'result'],
    ['push.peer.normal', 'push'],
    ['push.peer.normal.again', 'push'],
    ['parked', 'parked'],
    ['poison', 'parked'],
  ])('waits in %s for a host of that release: neither called nor parked, and not taken again at once', async (queue, kind) => {
    const machine = await start({ flows: flow('t', PUSH) });
    await machine.bus.publish([{ queue, message: message({ ...base, v: RUN_STATE_VERSION + 1, kind, future: [] }) }]);
    await until('it waits for its time', () => machine.broker.delayed(queue) === 1);
    expect(machine.calls).toEqual([]);
    expect(machine.database.parked.size).toBe(0);
    expect(await machine.bus.status([queue])).toMatchObject([{ waiting: 0, held: 0 }]);
    expect((await machine.engine.status()).newerStates).toMatchObject([{ queue, version: RUN_STATE_VERSION + 1, handedBack: 1 }]);
    expect(machine.log.lines.filter(({ message: text }) => text.includes('waits for a host of a newer release'))).toHaveLength(1);
  });

  it('returns to its queue with the same bytes', async () => {
    const clock = new VirtualClock();
    const machine = await start({ flows: flow('t', PUSH), clock });
    const sent = message({ ...base, v: 7, kind: 'result', frames: [{ block: 'loop' }] });
    await machine.bus.publish([{ queue: 'flow.t.next', message: sent }]);
    await clock.advance(0);
    expect(machine.broker.delayed('flow.t.next')).toBe(1);
    await machine.engine.stop();
    const taken: EventMessage[] = [];
    await machine.bus.consume('flow.t.next', { prefetch: 1 }, (delivery) => void taken.push(delivery.message));
    await clock.advance(5_000);
    expect(taken).toEqual([sent]);
  });
});

describe('a state that is malformed', () => {
  it.each([
    ['no object', 7],
    ['without a run', { ...base, run: undefined, kind: 'result' }],
    ['of an unknown kind', { ...base, kind: 'dance' }],
    ['with steps that are null', { ...base, kind: 'result', steps: null }],
    ['with an event without a source', { ...base, kind: 'result', event: { id: 1 } }],
    ['with a call without an action', { ...base, kind: 'retry', call: { plugin: 7 } }],
    ['with a version that is a text', { ...base, v: '2', kind: 'result' }],
  ])('%s is parked with its bytes', async (_what, state) => {
    const machine = await start({ flows: flow('t', PUSH) });
    const sent = message(state);
    await machine.bus.publish([{ queue: 'flow.t.next', message: sent }]);
    await until('the row', () => machine.database.parked.size === 1);
    const [row] = await machine.store.parked.list({ limit: 1 });
    expect(row?.error.code).toBe('POISON');
    expect((await machine.store.parked.get(row!.run))?.message.includes(sent.body)).toBe(true);
    expect(machine.calls).toEqual([]);
  });
});

describe('a state that the database refuses', () => {
  it.each([
    ['a zero byte in its flow', { flow: 'a\0b' }],
    ['a zero byte in its step', { at: 'a\0b' }],
    ['an epoch past all integers', { epoch: 2 ** 40 }],
    ['a time that is not a number', { parked: { error: { code: 'X', message: 'x' }, at: 'noon' } }],
  ])('because of %s is parked with its bytes, and does not block other runs', async (_what, wrong) => {
    const machine = await start({ flows: flow('t', PUSH) });
    const fine = (run: string) => ({ queue: 'parked', message: message({ ...base, run, kind: 'parked' }) });
    const sent = message({ ...base, kind: 'parked', ...wrong });
    await machine.bus.publish([fine('before'), { queue: 'parked', message: sent }, fine('behind')]);
    await until('three rows', () => machine.database.parked.size === 3);
    const rows = await machine.store.parked.list({ limit: 3 });
    expect(rows.map(({ flow: of }) => of).toSorted()).toEqual(['t', 't', 'unknown']);
    const kept = rows.find(({ flow: of }) => of === 'unknown');
    expect(kept?.error).toMatchObject({ code: 'POISON', message: expect.stringContaining('refuses') });
    expect((await machine.store.parked.get(kept!.run))?.message.includes(sent.body)).toBe(true);
    await until('an empty queue', async () => (await machine.bus.status(['parked']))[0]?.held === 0);
  });
});

describe('a run of a revision that another host has announced later', () => {
  it('returns to its queue for 10 minutes, counted over all hosts, and is then ended by this host', async () => {
    const clock = new VirtualClock();
    const settled: Outgoing[][] = [];
    let message: EventMessage = { attributes: { ...event, meta: { kept: 1 } }, body: Buffer.from('state') };
    const handedBack = () => {
      const delivery = {
        queue: 'flow.t.next',
        message,
        redelivered: 0,
        lost: false,
        settle: (outputs: readonly Outgoing[]) => void settled.push([...outputs]),
        release: () => undefined,
      };
      // each time another host, which has not met the run before
      const queues = new NewerStateQueues(new MemoryLog(), clock);
      return queues.waitForRevision(delivery, { flow: 't', revision: 'b' }, 600_000);
    };
    let times = 0;
    for (; handedBack(); times++) {
      const [output] = settled.at(-1)!;
      expect(output).toMatchObject({ queue: 'flow.t.next', notBefore: clock.now() + 5_000, message: { body: message.body } });
      message = output!.message;
      await clock.advance(5_000);
    }
    expect(times).toBe(121);
    expect(message.attributes.meta).toMatchObject({ kept: 1 });
    expect(settled).toHaveLength(121);
  });
});
