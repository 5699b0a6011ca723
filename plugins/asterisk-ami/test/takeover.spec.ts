import { systemClock } from '@sluice/plugin-api';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Store } from '@sluice/engine';
import { MemoryBroker, MemoryDatabase, MemoryStore } from '@sluice/memory';
import { until } from '@sluice/testing';
import { plugin } from '../src/index.js';
import { SECRET, startExchange } from './ami-peer.js';
import { pluginsOf, startHost, workspaceOf } from './running-host.js';

const PLUGINS = pluginsOf(plugin);
const FLOW = `
sluice: 1
flow: calls
trigger: { use: asterisk-ami.call, connection: pbx, with: { phases: [finished] } }
steps:
  - id: tell
    emit: { type: call.reported, data: '\${{ trigger.data.from }}' }
`;
const TAKER = `
sluice: 1
flow: taker
trigger: { use: event, with: { types: [call.reported] } }
steps:
  - id: enough
    stop: {}
`;
/** Time after which another host gets a lease that was not renewed. */
const LEASE_MS = 6_000;

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Starts an exchange and hosts that listen to it; they share a broker and a database whose clock the test moves. */
async function startCluster() {
  const pbx = await startExchange();
  closing.push(() => pbx.close());
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-takeover-'));
  closing.push(() => rm(folder, { recursive: true }));
  const settings = `
sluice: 1
plugins: ['@sluice/plugin-asterisk-ami']
connections:
  pbx: { use: asterisk-ami, with: { host: ${pbx.host}, port: ${pbx.port}, user: sluice, secret: '\${{ env.SECRET }}' } }
`;
  const workspace = workspaceOf(settings, [FLOW, TAKER], { SECRET }, PLUGINS);
  const broker = new MemoryBroker();
  let passed = 0;
  const database = new MemoryDatabase({ ...systemClock, now: () => Date.now() + passed });
  const start = async (hostId: string) => {
    const spool = path.join(folder, hostId);
    await mkdir(spool, { recursive: true });
    const { store, die } = mortal(new MemoryStore(database));
    const stop = await startHost({ workspace, plugins: PLUGINS, broker, store, spool, hostId });
    closing.push(stop, () => store.close());
    return {
      spooled: async () => {
        // a file that is being replaced may be renamed at any moment
        const files = (await readdir(path.join(spool, 'calls'))).filter((file) => !file.endsWith('.new'));
        const sizes = await Promise.all(files.map((file) => stat(path.join(spool, 'calls', file))));
        return sizes.some(({ size }) => size > 0);
      },
      /** Stops the host without an end: its files stay, and its lease is neither renewed nor released. */
      kill: async () => {
        die();
        await stop();
      },
    };
  };
  const reported: unknown[] = [];
  const watch = broker.connect();
  closing.push(() => watch.close());
  await watch.declare({ queue: 'watch', types: ['call.reported'] });
  await watch.consume('watch', { prefetch: 100 }, (delivery) => {
    reported.push(JSON.parse(delivery.message.body.toString()));
    delivery.settle([]);
  });
  const listenings = (count: number) =>
    until(`${count} listenings`, () => (pbx.stats().actions['CoreShowChannels'] ?? 0) === count, 10_000);
  return { pbx, broker, start, reported, listenings, pass: (ms: number) => (passed += ms) };
}

/** Returns a store whose host can die without releasing its leases. */
function mortal(store: Store) {
  let dead = false;
  const gone = () => Promise.reject(new Error('the host is dead'));
  const leases: Store['leases'] = {
    take: (...args) => (dead ? gone() : store.leases.take(...args)),
    release: (...args) => (dead ? gone() : store.leases.release(...args)),
    list: () => store.leases.list(),
  };
  return { store: Object.create(store, { leases: { value: leases } }) as Store, die: () => (dead = true) };
}

describe('two hosts that listen to one exchange', () => {
  it('take over from each other without losing calls in a spool', async () => {
    const { pbx, broker, start, reported, listenings, pass } = await startCluster();
    const first = await start('first');
    await listenings(1);
    const second = await start('second');

    broker.stop();
    pbx.ring({ from: '79160000001', to: '101' });
    await until('the call in the spool', first.spooled);
    await first.kill();
    pass(LEASE_MS);
    await listenings(2);
    pbx.ring({ from: '79160000002', to: '101' });
    await until('the call in the spool', second.spooled);
    expect(reported).toEqual([]);

    broker.start();
    await until('the call that the second host heard', () => reported.length === 1);
    await start('first');
    await until('the call that the first host had heard', () => reported.length === 2);
    expect(reported).toEqual(['79160000002', '79160000001']);
    expect(pbx.stats().sessions).toBe(1);
  });
});
