import { describe, expect, it } from '@jest/globals';
import { engineFail } from '@sluice/plugin-api';
import { diagnose } from './doctor.js';
import type { HostServices } from './host-services.js';

const away = async () => Promise.reject(engineFail.STORE_UNAVAILABLE('the database cannot be used: ECONNREFUSED'));

/** As far as the doctor looks at it: a host whose flow `old` is gone. */
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
  it('tells what waits for a flow that is gone or was never there', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [{ flow: 'old' }] };
    const found = await diagnose(services(store));
    expect(found.map(({ what, ok }) => `${what} ${ok}`)).toEqual([
      'workspace true',
      'bus rabbitmq true',
      'store postgresql true',
      'pace redis true',
      'events order.lost false',
      'queue flow.old false',
      'queue flow.old.next false',
    ]);
  });

  it('shows the twenty most frequent types that no flow takes, and counts the others', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [] };
    const host = services(store);
    const types = Array.from({ length: 300 }, (_, n) => ({ type: `t${n}`, count: n + 1 }));
    const bus = { ...host.bus, unrouted: async () => types };
    const found = (await diagnose({ ...host, bus })).filter(({ what }) => what.startsWith('events'));
    expect(found).toHaveLength(21);
    expect(found[0]).toMatchObject({ what: 'events t299', says: '300 wait: no flow takes them' });
    expect(found[20]).toMatchObject({ says: '39340 of 280 other types wait', cure: 'list them: sluice unrouted ls' });
  });

  it('shows issuers whose parked runs come near to the limit', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [] };
    const account = { account: 'issuer shop', runs: 3, bytes: 9.5 * 1024 ** 2, limit: 10 * 1024 ** 2, isFull: false };
    const found = await diagnose(services(store, [], [account, { ...account, isFull: true }]));
    expect(found.filter(({ what }) => what === 'parked runs of issuer shop')).toMatchObject([
      { ok: false, says: '3 runs with 9.5 MiB of at most 10.0 MiB', cure: expect.stringContaining('sluice parked ls') },
      { ok: false, says: expect.stringContaining('its events are refused with PARKED_FULL') },
    ]);
  });

  it('says which consumer_timeout of RabbitMQ it counts on, and how to compare', async () => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [] };
    const found = await diagnose(services(store));
    expect(found.find(({ what }) => what === 'bus rabbitmq')?.says).toContain('consumer_timeout of 1800 s');
  });

  it.each([
    [1_800_000, true, 'its consumer_timeout is 1800 s'],
    [7_200_000, true, 'its consumer_timeout is 7200 s'],
    [60_000, false, 'its consumer_timeout is 60 s, and settings.rabbit.consumerTimeout says 1800 s'],
  ])('compares the consumer_timeout that RabbitMQ tells, %d ms, with the one that it counts on', async (actual, ok, says) => {
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [] };
    const host = services(store);
    const found = await diagnose({ ...host, bus: { ...host.bus, consumerTimeoutMs: async () => actual } });
    expect(found.find(({ what }) => what === 'bus rabbitmq')).toMatchObject({ ok, says: expect.stringContaining(says) });
  });

  it('names the address of a connection without its secrets, and asks all at once: whoever waits for the answer does not wait for the sum', async () => {
    let resolve = (): void => undefined;
    const bothAsked = new Promise<void>((done) => (resolve = done));
    const asked = new Set<string>();
    const connections = ['erp', 'pbx'].map((name) => ({
      spec: { name, plugin: 'test' },
      plugin: { address: () => `http://user:secret@${name}/hs?key=secret` },
      health: () => ({}),
      check: () => {
        if (asked.add(name).size === 2) resolve();
        return bothAsked;
      },
    }));
    const store = { engine: 'postgresql', check: async () => 'PostgreSQL 17', flowsSeen: async () => [] };
    const found = await diagnose(services(store, connections));
    expect(found.filter(({ what }) => what.startsWith('connection')).map(({ says }) => says)).toEqual([
      'http://erp/hs: can be used',
      'http://pbx/hs: can be used',
    ]);
  });

  it('tells what it can while the database is away', async () => {
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
