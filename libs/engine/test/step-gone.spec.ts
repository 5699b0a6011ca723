import { describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, PlainPacer, type TestEngineOptions } from './engine-harness.js';

const { start } = testEngines();

const step = (id: string) => `  - id: ${id}
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
`;
const EMIT = `  - id: told
    emit: { type: t.saved, data: { ok: '\${{ steps.save.ok }}' } }
`;

/**
 * Hosts that follow each other on one broker and one database. The revisions of the hosts before are not stored, as when those hosts were of
 * an earlier release, so that runs continue on the newest revision.
 */
function succession() {
  const shared = { broker: new MemoryBroker(), database: new MemoryDatabase() };
  return (flows: string, more: Partial<TestEngineOptions> = {}) => {
    shared.database.revisions.clear();
    return start({ ...shared, flows, ...more });
  };
}

async function parkedRuns(machine: Awaited<ReturnType<typeof start>>, count: number) {
  await until(
    `${count} parked runs`,
    async () => (await machine.store.parked.list({ state: 'parked', limit: 100 })).length === count,
  );
  return machine.store.parked.list({ state: 'parked', limit: 100 });
}

describe('a step that is renamed while runs wait for its call', () => {
  async function renamed(runs: number) {
    const next = succession();
    const pacer = new PlainPacer();
    pacer.open = false;
    const before = await next(flow('t', step('save')), { pacer });
    for (let n = 0; n < runs; n++) await before.publish('t.asked', { text: `order ${n}` });
    await until('all wait', async () => {
      const [queue] = await before.bus.status(['push.peer.normal']);
      return (queue?.held ?? 0) + (queue?.waiting ?? 0) === runs;
    });
    await before.stop();
    return next;
  }

  it('makes none of the calls, and parks the 75 runs at the step that is gone', async () => {
    const next = await renamed(75);
    const after = await next(flow('t', step('store')));
    const runs = await parkedRuns(after, 75);
    expect(after.calls).toEqual([]);
    expect(runs[0]).toMatchObject({ step: 'save', error: { code: 'FLOW_CHANGED', message: expect.stringContaining('"save"') } });
    expect(after.log.lines.filter(({ level, message }) => level === 'error' && message.includes('"save"'))).toHaveLength(1);
  });

  it('refuses to replay the runs, and runs them from the start only when told so', async () => {
    const next = await renamed(1);
    const after = await next(flow('t', step('store')));
    const [parked] = await parkedRuns(after, 1);
    await expect(after.engine.parking.replay(parked!.run)).rejects.toMatchObject({
      code: 'FLOW_CHANGED',
      message: expect.stringContaining('no call of it is in the journal'),
    });
    expect(after.calls).toEqual([]);
    await after.engine.parking.replay(parked!.run, { fromStart: true });
    await after.ended('done');
    expect(after.calls.map(({ id }) => id)).toEqual([`${parked!.run}/store`]);
  });

  it('makes the calls under the same ids when the step exists again', async () => {
    const next = await renamed(1);
    const without = await next(flow('t', step('store')));
    const [parked] = await parkedRuns(without, 1);
    await without.stop();
    const back = await next(flow('t', step('save')));
    await back.engine.parking.replay(parked!.run);
    await back.ended('done');
    expect(back.calls.map(({ id }) => id)).toEqual([`${parked!.run}/save`]);
  });

  it('reports at the start how many parked runs cannot continue', async () => {
    const next = await renamed(3);
    const without = await next(flow('t', step('store')));
    await parkedRuns(without, 3);
    await without.stop();
    const again = await next(flow('t', step('store')));
    await until('the line', () => again.log.lines.some(({ message }) => message.includes('has no step "save" any more')));
    expect(again.log.lines.find(({ message }) => message.includes('has no step "save"'))?.fields).toMatchObject({ runs: 3 });
  });
});

describe('a flow that is removed while runs wait for its call', () => {
  it('makes none of the calls and parks the runs', async () => {
    const next = succession();
    const pacer = new PlainPacer();
    pacer.open = false;
    const before = await next(flow('t', step('save')), { pacer });
    await before.publish('t.asked', { text: 'a' });
    await until('it waits', async () => (await before.bus.status(['push.peer.normal']))[0]?.held === 1);
    await before.stop();
    const after = await next(flow('other', step('save')));
    const [parked] = await parkedRuns(after, 1);
    expect(parked).toMatchObject({ flow: 't', step: 'save', error: { code: 'FLOW_CHANGED' } });
    await expect(after.engine.parking.replay(parked!.run)).rejects.toMatchObject({ code: 'FLOW_CHANGED' });
    expect(after.calls).toEqual([]);
  });
});

describe('a step that is removed while its call is open', () => {
  /** The call ends, and its result is read by a host whose revision of the flow does not have the step. */
  async function answered() {
    const next = succession();
    const before = await next(flow('t', step('save') + EMIT));
    before.pacer.open = false;
    await before.publish('t.asked', { text: 'a' });
    await until('it waits', async () => (await before.bus.status(['push.peer.normal']))[0]?.held === 1);
    await before.stop();
    // only the owner of the connection runs, so no host reads the result
    const owner = await next(flow('t', step('save') + EMIT), { roles: ['push'] });
    await until('the result', async () => (await owner.bus.status(['flow.t.next']))[0]?.waiting === 1);
    expect(owner.calls).toHaveLength(1);
    await owner.stop();
    return next;
  }

  it('keeps the output of the call, and the run continues after the step without a second call when the step exists again', async () => {
    const next = await answered();
    const without = await next(flow('t', step('store')));
    const [parked] = await parkedRuns(without, 1);
    expect(parked).toMatchObject({
      step: 'save',
      error: { code: 'FLOW_CHANGED', message: expect.stringContaining(`its call ${parked!.run}/save was made`) },
    });
    await expect(without.engine.parking.replay(parked!.run)).rejects.toMatchObject({
      code: 'FLOW_CHANGED',
      message: expect.stringContaining(`calls made: ${parked!.run}/save`),
    });
    expect(without.calls).toEqual([]);
    await without.stop();
    const back = await next(flow('t', step('save') + EMIT));
    await back.engine.parking.replay(parked!.run);
    await back.ended('done');
    expect(back.calls).toEqual([]);
    expect(back.emitted.filter(({ type }) => type === 't.saved')).toMatchObject([{ data: { ok: true } }]);
  });
});
