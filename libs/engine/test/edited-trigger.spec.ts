import { describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryDatabase, VirtualClock } from '@sluice/memory';
import { until } from '@sluice/testing';
import { testEngines } from './engine-harness.js';

const { start } = testEngines();

const taking = (name: string, type: string) => `sluice: 1
flow: ${name}
trigger:
  use: event
  with: { types: [${type}] }
steps:
  - { id: said, emit: { type: ${name}.said, data: '\${{ trigger.data }}' } }
`;

const isSeven = (data: unknown) => (data as { number?: number }).number === 7;

/** A broker on which an accepted event of the type `old` waits for the flow `t`. */
async function waitingEvent(): Promise<MemoryBroker> {
  const broker = new MemoryBroker();
  const ingress = await start({ broker, flows: taking('t', 'old'), roles: ['api'] });
  await ingress.publish('old', { number: 7 });
  await ingress.stop();
  return broker;
}

describe('an event that waits for a flow whose trigger loses its type', () => {
  it('is kept as unrouted, is counted, and can be replayed', async () => {
    const broker = await waitingEvent();
    const edited = await start({ broker, flows: taking('t', 'new') });
    await until('the unrouted event', async () => (await edited.bus.unrouted()).length === 1);
    expect(await edited.bus.unrouted()).toEqual([{ type: 'old', count: 1 }]);
    expect(edited.unwanted).toEqual(['t']);
    expect(edited.unrouted).toEqual(['old']);
    expect(edited.outcomes).toEqual([]);
    await edited.stop();

    const restored = await start({ broker, flows: taking('t', 'old') });
    expect(await restored.bus.replayUnrouted(['old'], 'flow.t')).toBe(1);
    await restored.ended('done');
    await until('the output', () => restored.emitted.some(({ type, data }) => type === 't.said' && isSeven(data)));
  });

  it('is kept when the type has moved to another flow, which has not received the event', async () => {
    const broker = await waitingEvent();
    const edited = await start({ broker, flows: `${taking('t', 'new')}---\n${taking('u', 'old')}` });
    await until('the unrouted event', async () => (await edited.bus.unrouted()).length === 1);
    expect(await edited.bus.replayUnrouted(['old'], 'flow.u')).toBe(1);
    await edited.ended('done');
  });
});

describe('an event that reaches a flow by a binding of an earlier trigger', () => {
  it('is not kept a second time when another flow of this host has received it', async () => {
    const broker = await waitingEvent();
    const edited = await start({ broker, flows: `${taking('t', 'new')}---\n${taking('u', 'old')}` });
    await until('the unrouted event', async () => (await edited.bus.unrouted()).length === 1);
    const acceptedat = Date.now() + 120_000;
    const attributes = { id: 'later', source: '/test', type: 'old', time: new Date(acceptedat).toISOString(), acceptedat };
    await edited.bus.publish([{ message: { attributes, body: Buffer.from('{}') } }]);
    await edited.ended('done');
    await until('the second copy', () => edited.unwanted.length === 2);
    expect(await edited.bus.unrouted()).toEqual([{ type: 'old', count: 1 }]);
  });

  it('is not kept a second time when another flow has received it while no host was there to take it', async () => {
    const clock = new VirtualClock();
    const [broker, database] = [new MemoryBroker(clock), new MemoryDatabase(clock)];
    const two = { broker, database, clock, flows: `${taking('t', 'new')}---\n${taking('u', 'old')}` };
    await (await start({ broker, database, clock, flows: taking('t', 'old'), roles: ['api'] })).stop();
    const deployed = await start({ ...two, roles: ['api'] });
    await clock.advance(120_000);
    await deployed.publish('old', { number: 7 });
    await deployed.stop();
    const restarted = await start(two);
    await clock.advance(1_000);
    await restarted.ended('done');
    await until('the copy of the old binding', () => restarted.unwanted.length === 1);
    expect(await restarted.bus.unrouted()).toEqual([]);
  });

  it('is kept when the queue of the other flow was removed in between', async () => {
    const clock = new VirtualClock();
    const [broker, database] = [new MemoryBroker(clock), new MemoryDatabase(clock)];
    const two = { broker, database, clock, flows: `${taking('t', 'new')}---\n${taking('u', 'old')}` };
    await (await start({ broker, database, clock, flows: taking('t', 'old'), roles: ['api'] })).stop();
    const deployed = await start({ ...two, roles: ['api'] });
    await clock.advance(120_000);
    await deployed.bus.remove('flow.u');
    await deployed.store.forgetFlow('u');
    await deployed.publish('old', { number: 7 });
    await deployed.stop();
    const restored = await start(two);
    await clock.advance(1_000);
    await until('the copy of the old binding', () => restored.unwanted.length === 1);
    expect(await restored.bus.unrouted()).toEqual([{ type: 'old', count: 1 }]);
  });

  it('is kept when no flow of this host takes its type', async () => {
    const broker = await waitingEvent();
    const edited = await start({ broker, flows: taking('t', 'new') });
    await edited.publish('old', {});
    await until('both events', async () => (await edited.bus.unrouted())[0]?.count === 2);
  });
});
