import { describe, expect, it } from '@jest/globals';
import { queues } from '@sluice/engine';
import type { Flow } from '@sluice/flow';
import { MemoryBroker } from '@sluice/memory';
import { replayUnrouted } from './unrouted-replay.js';

const hello = { name: 'hello', trigger: { kind: 'event', types: ['order.created', 'visit.#'] } } as unknown as Flow;

/** Returns a bus with unrouted events of these types. */
async function busWith(...types: string[]) {
  const bus = new MemoryBroker().connect();
  const message = (type: string, id: string) => ({
    attributes: { id, source: '/s', type, time: '2026-11-30T00:00:00Z', acceptedat: 0, traceparent: '' },
    body: Buffer.from('{}'),
  });
  await bus.publish(types.map((type, index) => ({ message: message(type, String(index)) })));
  await bus.declare({ queue: queues.flow('hello') });
  const waiting = async () => Object.fromEntries((await bus.unrouted()).map(({ type, count }) => [type, count]));
  return { bus, waiting };
}

describe('replay of unrouted events', () => {
  it('keeps an event whose type the trigger of the flow does not take', async () => {
    const { bus, waiting } = await busWith('order.craeted');
    const replay = replayUnrouted(bus, hello, 'order.craeted');
    await expect(replay).rejects.toThrow(/"hello" takes order\.created, visit\.# and not order\.craeted, so nothing was moved/);
    expect(await waiting()).toEqual({ 'order.craeted': 1 });
  });

  it('moves no event when one of the types of a pattern would be dropped', async () => {
    const { bus, waiting } = await busWith('order.created', 'order.craeted');
    await expect(replayUnrouted(bus, hello, 'order.*')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await waiting()).toEqual({ 'order.created': 1, 'order.craeted': 1 });
  });

  it('moves the events that the flow takes, named or by a pattern', async () => {
    const { bus, waiting } = await busWith('order.created', 'visit.planned', 'visit.moved', 'other');
    expect(await replayUnrouted(bus, hello, 'order.created')).toBe(1);
    expect(await replayUnrouted(bus, hello, 'visit.*')).toBe(2);
    expect(await replayUnrouted(bus, hello, 'nothing.*')).toBe(0);
    expect(await waiting()).toEqual({ other: 1 });
  });
});
