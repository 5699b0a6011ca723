import { describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { until } from '@sluice/testing';
import { flow, testEngines, PlainPacer, type TestEngine, type TestEngineOptions } from './engine-harness.js';

const { start } = testEngines();

const save = (id: string, word: string) => `  - id: ${id}
    use: fake.push
    connection: peer
    with: { text: '\${{ trigger.data.text }}' }
  - id: told
    emit: { type: t.saved, data: { word: ${word}, saved: '\${{ steps.${id} }}' } }
`;

/** Starts a flow with one run that waits for its call of step `save`. */
async function waiting(more: Partial<TestEngineOptions> = {}): Promise<TestEngine> {
  const pacer = new PlainPacer();
  pacer.open = false;
  const machine = await start({ flows: flow('t', save('save', 'old')), pacer, answer: () => 'ok', ...more });
  await machine.publish('t.asked', { text: 'first' });
  await until('it waits', async () => {
    const [queue] = await machine.bus.status(['push.peer.normal']);
    return (queue?.held ?? 0) + (queue?.waiting ?? 0) === 1;
  });
  return machine;
}

async function told(machine: TestEngine, count: number): Promise<unknown[]> {
  const saved = () => machine.emitted.filter(({ type }) => type === 't.saved').map(({ data }) => data);
  await until(`${count} events`, () => saved().length >= count);
  return saved();
}
const parked = (machine: TestEngine) => machine.store.parked.list({ state: 'parked', limit: 10 });

describe('a reload', () => {
  it('lets a run end on the steps on which it began, and runs new events on the new ones', async () => {
    const machine = await waiting();
    const changes = await machine.reload(flow('t', save('store', 'new')));
    expect(changes).toMatchObject({ flows: { added: [], changed: ['t'], removed: [] }, connections: { changed: [] } });
    await machine.publish('t.asked', { text: 'second' });
    machine.pacer.regain();
    await machine.ended('done', 2);
    expect(machine.calls.map(({ id }) => id.split('/')[1])).toEqual(['save', 'store']);
    expect(await told(machine, 2)).toEqual([
      { word: 'old', saved: 'ok' },
      { word: 'new', saved: 'ok' },
    ]);
    expect(await parked(machine)).toEqual([]);
  });

  it('starts added flows, also for types that nothing took before', async () => {
    const machine = await start({ flows: flow('t', '  - { id: stop, stop: {} }\n') });
    const both = `${flow('t', '  - { id: stop, stop: {} }\n')}---\n${flow('u', '  - { id: told, emit: { type: u.told } }\n')}`;
    expect((await machine.reload(both)).flows).toEqual({ added: ['u'], changed: [], removed: [] });
    await machine.publish('u.asked', {});
    await machine.ended('done');
    expect(machine.unrouted).toEqual(['u.told']);
  });

  it('finishes the runs of a removed flow, begins no new ones, and begins them when the flow is back', async () => {
    const machine = await waiting();
    const other = flow('u', '  - { id: stop, stop: {} }\n');
    expect((await machine.reload(other)).flows).toEqual({ added: ['u'], changed: [], removed: ['t'] });
    await machine.publish('t.asked', { text: 'later' });
    machine.pacer.regain();
    await machine.ended('done');
    expect(await told(machine, 1)).toEqual([{ word: 'old', saved: 'ok' }]);
    expect((await machine.bus.status(['flow.t']))[0]).toMatchObject({ waiting: 1, held: 0 });
    await machine.reload(flow('t', save('save', 'old')));
    await machine.ended('done', 2);
    expect(await told(machine, 2)).toHaveLength(2);
  });

  it('begins the held events of a removed flow with a key, no new ones, and new ones when the flow is back', async () => {
    const keyed = flow('t', save('save', 'old'), "deliver: { key: '${{ trigger.type }}' }\n");
    const machine = await waiting({ flows: keyed });
    await machine.publish('t.asked', { text: 'held' });
    await until('it is held', async () => (await machine.store.lanes.count()).some(({ held }) => held === 1));
    await machine.reload(flow('u', '  - { id: stop, stop: {} }\n'));
    await machine.publish('t.asked', { text: 'later' });
    machine.pacer.regain();
    await machine.ended('done', 2);
    const texts = () => machine.calls.map(({ input }) => input.text);
    expect(texts()).toEqual(['first', 'held']);
    expect((await machine.bus.status(['flow.t']))[0]).toMatchObject({ waiting: 1, held: 0 });
    await machine.reload(keyed);
    await machine.ended('done', 3);
    expect(texts()).toEqual(['first', 'held', 'later']);
  });

  it('changes nothing while the database is unavailable', async () => {
    const machine = await waiting();
    machine.database.away = true;
    await expect(machine.reload(flow('t', save('store', 'new')))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    machine.database.away = false;
    machine.pacer.regain();
    await machine.publish('t.asked', { text: 'second' });
    await machine.ended('done', 2);
    expect(await told(machine, 2)).toEqual([
      { word: 'old', saved: 'ok' },
      { word: 'old', saved: 'ok' },
    ]);
  });

  it('answers the pushes of a removed connection with FLOW_CHANGED, and makes the call when it is back', async () => {
    const machine = await waiting();
    const flows = flow('t', '  - { id: stop, stop: {} }\n');
    await machine.reload(flows, '', '  quick:\n    use: fake\n');
    await until('the row', async () => (await parked(machine)).length === 1);
    const [run] = await parked(machine);
    expect(run).toMatchObject({ step: 'save', error: { code: 'FLOW_CHANGED', message: expect.stringContaining('"peer"') } });
    expect(machine.calls).toEqual([]);
    await machine.reload(flow('t', save('save', 'old')));
    machine.pacer.regain();
    await machine.engine.parking.replay(run!.run);
    await machine.ended('done');
    expect(await told(machine, 1)).toEqual([{ word: 'old', saved: 'ok' }]);
  });

  it('changes the pace of a connection without losing pushes', async () => {
    const machine = await waiting();
    const paced = (max: number) => `  peer:\n    use: fake\n    pace: { concurrency: { start: ${max}, max: ${max} } }\n`;
    for (const max of [1, 2, 3]) await machine.reload(flow('t', save('save', 'old')), '', paced(max));
    machine.pacer.regain();
    await machine.ended('done');
    expect(await told(machine, 1)).toHaveLength(1);
    expect(await parked(machine)).toEqual([]);
  });
});

describe('a key that is added or removed by a reload', () => {
  const KEY = "deliver: { key: '${{ trigger.data.text }}' }\n";

  it('orders new events, and lets runs and held events of before end', async () => {
    const machine = await waiting();
    await machine.reload(flow('t', save('save', 'keyed'), KEY));
    for (let n = 0; n < 3; n++) await machine.publish('t.asked', { text: 'second' });
    await until('two events are held behind the first', () => machine.database.lanes.get('t')?.held.length === 2);
    await machine.reload(flow('t', save('save', 'unkeyed')));
    await machine.publish('t.asked', { text: 'third' });
    machine.pacer.regain();
    await machine.ended('done', 5);
    expect(await told(machine, 5)).toHaveLength(5);
    expect(await parked(machine)).toEqual([]);
  });
});

describe('a replay', () => {
  it('continues on the corrected flow when that has the step', async () => {
    let isBroken = true;
    const machine = await start({
      flows: flow('t', save('save', 'old'), 'deliver: { retry: { attempts: 1 } }\n'),
      answer: () => {
        if (isBroken) throw new Error('broken');
        return 'ok';
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await until('the row', async () => (await parked(machine)).length === 1);
    isBroken = false;
    await machine.reload(flow('t', save('save', 'corrected')));
    await machine.engine.parking.replay((await parked(machine))[0]!.run);
    await machine.ended('done');
    expect(await told(machine, 1)).toEqual([{ word: 'corrected', saved: 'ok' }]);
  });

  it('continues on the revision of the run when the newest one does not have the step', async () => {
    let isBroken = true;
    const machine = await start({
      flows: flow('t', save('save', 'old'), 'deliver: { retry: { attempts: 1 } }\n'),
      answer: () => {
        if (isBroken) throw new Error('broken');
        return 'ok';
      },
    });
    await machine.publish('t.asked', { text: 'a' });
    await until('the row', async () => (await parked(machine)).length === 1);
    isBroken = false;
    await machine.reload(flow('t', save('store', 'new')));
    await machine.engine.parking.replay((await parked(machine))[0]!.run);
    await machine.ended('done');
    expect(await told(machine, 1)).toEqual([{ word: 'old', saved: 'ok' }]);
  });
});

describe('hosts with different revisions', () => {
  const shared = () => ({ broker: new MemoryBroker(), database: new MemoryDatabase() });

  it('continues runs of a host before on their own steps, which are compiled from the stored text', async () => {
    const both = shared();
    const before = await waiting(both);
    await before.stop();
    const after = await start({ ...both, flows: flow('t', save('store', 'new')), answer: () => 'ok' });
    await after.ended('done');
    expect(after.calls.map(({ id }) => id.split('/')[1])).toEqual(['save']);
    expect(await told(after, 1)).toEqual([{ word: 'old', saved: 'ok' }]);
  });

  it('continues runs of a flow that was removed before the host started', async () => {
    const both = shared();
    const before = await waiting(both);
    await before.stop();
    const after = await start({ ...both, flows: flow('u', save('store', 'new')), answer: () => 'ok' });
    await after.ended('done');
    expect(await told(after, 1)).toEqual([{ word: 'old', saved: 'ok' }]);
  });

  it('parks runs whose revision cannot be compiled any more, and names what is missing', async () => {
    const both = shared();
    const before = await waiting(both);
    await before.stop();
    // the text of the stored revision names an action that the plugin does not have any more
    for (const [key, row] of both.database.revisions)
      both.database.revisions.set(key, { ...row, source: row.source.replace('fake.push', 'fake.gone') });
    const after = await start({ ...both, flows: flow('t', save('store', 'new')), answer: () => 'ok' });
    await until('the row', async () => (await parked(after)).length === 1);
    const [run] = await parked(after);
    expect(run).toMatchObject({
      step: 'save',
      revision: before.engine.revisions()['t']?.revision,
      error: { code: 'FLOW_CHANGED', message: expect.stringContaining('fake has no action "gone"') },
    });
    // the call was made, because it was rendered before
    expect(after.calls).toHaveLength(1);
    await expect(after.engine.parking.replay(run!.run)).rejects.toMatchObject({ code: 'FLOW_CHANGED' });
  });

  it('continue the runs of each other, each run on the revision on which it began', async () => {
    const both = shared();
    const old = await start({ ...both, flows: flow('t', save('save', 'old')), answer: () => 'ok' });
    const next = await start({ ...both, flows: flow('t', save('store', 'new')), answer: () => 'ok' });
    for (let n = 0; n < 20; n++) await next.publish('t.asked', { text: String(n) });
    // each event is seen by one of the two
    const saved = () => [...old.emitted, ...next.emitted].filter(({ type }) => type === 't.saved').map(({ data }) => data);
    await until('20 events', () => saved().length >= 20);
    const words = saved();
    expect(words).toHaveLength(20);
    expect(new Set(words.map((one) => (one as { word: string }).word))).toEqual(new Set(['old', 'new']));
    expect([...(await parked(old)), ...(await parked(next))]).toEqual([]);
  });

  it('lists what each host runs', async () => {
    const both = shared();
    const old = await start({ ...both, flows: flow('t', save('save', 'old')) });
    const next = await start({ ...both, flows: flow('t', save('store', 'new')) });
    const hosts = await next.store.hosts.list();
    const revisions = hosts.map(({ flows }) => flows['t']?.revision);
    expect(new Set(revisions)).toEqual(new Set([old.engine.revisions()['t']?.revision, next.engine.revisions()['t']?.revision]));
    expect(hosts[0]?.consumes).toEqual(expect.arrayContaining(['flow.t', 'flow.t.next', 'push.peer.normal']));
    await old.stop();
    expect(await next.store.hosts.list()).toHaveLength(1);
  });
});
