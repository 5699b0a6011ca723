import { describe, expect, it } from '@jest/globals';
import { engineFail } from '@sluice/plugin-api';
import { MemoryBroker, MemoryDatabase, MemoryStore } from '@sluice/memory';
import { diagnose, pruneQueues } from './doctor.js';
import type { HostServices } from './host-services.js';

const NO_LANES = { count: async () => [] };
const away = async () => Promise.reject(engineFail.STORE_UNAVAILABLE('the database cannot be used: ECONNREFUSED'));

/** The services that doctor uses, of a host whose flow `old` was removed. */
function services(store: object, connections: readonly object[] = [], accounts: readonly object[] = []): HostServices {
  const bus = {
    engine: 'rabbitmq',
    consumerTimeoutMs: async (): Promise<number | undefined> => undefined,
    state: () => ({ state: 'up' }),
    unrouted: async () => [{ type: 'order.lost', count: 2 }],
    status: async (queues: readonly string[]) => queues.map((queue) => ({ queue, waiting: 1 })),
  };
  return {
    bus,
    store,
    pacer: { engine: 'redis', check: async () => undefined },
    engine: { connections: { all: () => connections }, parkedAccounts: () => accounts },
    workspace: { flows: [], settings: { rabbit: { consumerTimeoutMs: 1_800_000 } } },
    files: { directory: '/srv/shop', state: 'current', changed: [], errors: [] },
  } as unknown as HostServices;
}

describe('the doctor', () => {
  it('reports messages that wait for a removed or unknown flow', async () => {
    const lanes = { count: async () => [{ flow: 'old', busy: 1, held: 4 }] };
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [{ flow: 'old' }], lanes };
    const found = await diagnose(services(store));
    expect(found.map(({ what, ok }) => `${what} ${ok}`)).toEqual([
      'workspace true',
      'bus rabbitmq true',
      'store postgresql true',
      'pace redis true',
      'events order.lost false',
      'queue flow.old false',
      'queue flow.old.next false',
      'queue flow.old.lane false',
    ]);
    expect(found.at(-1)?.says).toBe('its flow is gone, 5 messages wait');
  });

  it('reports the twenty most frequent unrouted types and counts the others', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [], lanes: NO_LANES };
    const host = services(store);
    const types = Array.from({ length: 300 }, (_, n) => ({ type: `t${n}`, count: n + 1 }));
    const bus = { ...host.bus, unrouted: async () => types };
    const found = (await diagnose({ ...host, bus })).filter(({ what }) => what.startsWith('events'));
    expect(found).toHaveLength(21);
    expect(found[0]).toMatchObject({ what: 'events t299', says: '300 wait: no flow takes them' });
    expect(found[20]).toMatchObject({ says: '39340 of 280 other types wait', cure: 'list them: sluice unrouted ls' });
  });

  it('reports issuers whose parked runs are near the limit', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [], lanes: NO_LANES };
    const account = { account: 'issuer shop', runs: 3, bytes: 9.5 * 1024 ** 2, limit: 10 * 1024 ** 2, isFull: false };
    const found = await diagnose(services(store, [], [account, { ...account, isFull: true }]));
    expect(found.filter(({ what }) => what === 'parked runs of issuer shop')).toMatchObject([
      { ok: false, says: '3 runs with 9.5 MiB of at most 10.0 MiB', cure: expect.stringContaining('sluice parked ls') },
      { ok: false, says: expect.stringContaining('its events are refused with PARKED_FULL') },
    ]);
  });

  it('reports the expected consumer_timeout of RabbitMQ and how to compare it', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [], lanes: NO_LANES };
    const found = await diagnose(services(store));
    expect(found.find(({ what }) => what === 'bus rabbitmq')?.says).toContain('consumer_timeout of 1800 s');
  });

  it.each([
    [1_800_000, true, 'its consumer_timeout is 1800 s'],
    [7_200_000, true, 'its consumer_timeout is 7200 s'],
    [60_000, false, 'its consumer_timeout is 60 s, and settings.rabbit.consumerTimeout says 1800 s'],
  ])('compares the consumer_timeout of RabbitMQ, %d ms, with the expected one', async (actual, ok, says) => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [], lanes: NO_LANES };
    const host = services(store);
    const found = await diagnose({ ...host, bus: { ...host.bus, consumerTimeoutMs: async () => actual } });
    expect(found.find(({ what }) => what === 'bus rabbitmq')).toMatchObject({ ok, says: expect.stringContaining(says) });
  });

  it('reports the addresses of connections without secrets, and checks all connections concurrently', async () => {
    let resolve = (): void => undefined;
    const bothAsked = new Promise<void>((done) => (resolve = done));
    const asked = new Set<string>();
    const connections = ['erp', 'pbx'].map((name) => ({
      spec: { name, plugin: 'test' },
      plugin: { address: () => `http://user:secret@${name}/hs?key=secret` },
      health: () => ({}),
      diagnose: () => {
        if (asked.add(name).size === 2) resolve();
        return bothAsked;
      },
    }));
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [], lanes: NO_LANES };
    const found = await diagnose(services(store, connections));
    expect(found.filter(({ what }) => what.startsWith('connection')).map(({ says }) => says)).toEqual([
      'http://erp/hs: can be used',
      'http://pbx/hs: can be used',
    ]);
  });

  it.each([
    [
      'the text of the plugin',
      async () => 'can be used, without variables',
      { ok: true, says: 'can be used, without variables' },
    ],
    [
      'a problem of the setup with its cure',
      async () => Promise.reject(engineFail.CONFIG_INVALID('no events come')),
      { ok: false, says: 'no events come', cure: expect.any(String) },
    ],
  ])('reports of a connection: %s', async (_title, answer, expected) => {
    const connection = { spec: { name: 'pbx', plugin: 'test' }, plugin: {}, health: () => ({}), diagnose: answer };
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [], lanes: NO_LANES };
    const found = await diagnose(services(store, [connection]));
    expect(found.find(({ what }) => what === 'connection pbx')).toMatchObject(expected);
  });

  it('reports the other checks while the database is unavailable', async () => {
    const found = await diagnose(services({ engine: 'postgresql', check: away, flowsSeen: away }));
    expect(found.map(({ what, ok }) => `${what} ${ok}`)).toEqual([
      'workspace true',
      'bus rabbitmq true',
      'store postgresql false',
      'pace redis true',
      'events order.lost false',
    ]);
  });
});

describe('doctor --prune', () => {
  it('deletes the lanes of a removed flow with its last queue, and counts the events that they held', async () => {
    const database = new MemoryDatabase();
    const [bus, store] = [new MemoryBroker().connect(), new MemoryStore(database)];
    for (const queue of ['flow.old', 'flow.old.next', 'flow.old.lane']) await bus.declare({ queue });
    await store.flowsSeen(['old']);
    const epoch = (await store.leases.take('flow.old', 'host', 60_000)) ?? 0;
    const owner = await store.lanes.open({ flow: 'old', epoch });
    const busy = { key: 'k', run: 'r', epoch: 0 };
    const held = { key: 'k', run: 's', epoch: 0, message: Buffer.alloc(1) };
    if (owner) await store.lanes.write(owner, { taken: [busy], moved: [], held: [held], away: [], turns: [] });
    const engine = { forgetFlow: async () => undefined };
    const host = { bus, store, engine, workspace: { flows: [] } } as unknown as HostServices;
    expect(await pruneQueues(host, ['flow.old', 'flow.old.next', 'flow.other'])).toEqual({ 'flow.old': 0, 'flow.old.next': 0 });
    expect(await store.lanes.count()).toEqual([{ flow: 'old', busy: 1, held: 1 }]);
    expect(await pruneQueues(host, ['flow.old.lane'])).toEqual({ 'flow.old.lane': 1 });
    expect(await store.lanes.count()).toEqual([]);
    expect(await store.flowsSeen([])).toEqual([]);
  });
});
