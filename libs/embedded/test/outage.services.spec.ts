import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBus, PostgresProcess } from '@sluice/embedded';
import type { Outgoing } from '@sluice/engine';
import { until } from '@sluice/testing';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const COUNT = 3_000;

describe('EmbeddedBus in an outage', () => {
  let home: string;
  let server: PostgresProcess;
  let buses: EmbeddedBus[];

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'sluice-outage-'));
    await chmod(home, 0o755);
    server = await PostgresProcess.start({ home, log: silent });
    buses = [];
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  async function open(): Promise<EmbeddedBus> {
    const bus = await EmbeddedBus.open({ connection: server.connection, hostId: `host-${buses.length}`, log: silent });
    buses.push(bus);
    return bus;
  }

  const event = (id: string, type: string): Outgoing => ({
    message: { attributes: { id, source: '/connections/test', type, time: '2026-01-02T03:04:05.678Z' }, body: Buffer.from(id) },
  });

  async function killServer(): Promise<void> {
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    await until('the server to run again', () => server.pid !== pid);
  }

  it('loses no event when PostgreSQL is killed in the middle of traffic', async () => {
    const [here, there] = [await open(), await open()];
    await here.declare({ queue: 'in', types: ['order.paid'] });
    await here.declare({ queue: 'out', types: ['order.booked'] });
    const arrived = new Set<string>();
    for (const bus of [here, there]) {
      await bus.consume('in', { prefetch: 50 }, (delivery) =>
        delivery.settle([event(delivery.message.attributes.id, 'order.booked')]),
      );
      // counts received events: a settlement whose answer was lost may have been committed, and then the event is not redelivered
      await bus.consume('out', { prefetch: 50 }, (delivery) => {
        arrived.add(delivery.message.attributes.id);
        delivery.settle([]);
      });
    }
    const ids = Array.from({ length: COUNT }, (_, n) => `e${n}`);
    const left = [...ids];
    /** A source that offers an event again under its id until it is confirmed. */
    const publish = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        const kept = await here.publish([event(id, 'order.paid')]).then(
          () => true,
          () => false,
        );
        if (!kept) left.push(id);
      }
    };
    const published = Promise.all(Array.from({ length: 20 }, publish));
    await until('a third of the traffic', () => arrived.size > COUNT / 3);
    await killServer();
    await until('two thirds of the traffic', () => arrived.size > (COUNT * 2) / 3);
    await killServer();
    await published;
    await until('all events to arrive', () => arrived.size === COUNT);
    expect([...arrived].sort()).toEqual(ids.sort());
  });

  it('refuses with BUS_UNAVAILABLE within the timeout while PostgreSQL is unavailable', async () => {
    const bus = await open();
    await bus.declare({ queue: 'in' });
    const publish = () => bus.publish([{ ...event('e', 'order.paid'), queue: 'in' }], { timeoutMs: 200 });
    await server.stop();
    await until('the bus to be down', () => bus.state().state === 'down');
    await expect(publish()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(bus.status(['in'])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('redelivers the deliveries of a closed host at once', async () => {
    const [here, there] = [await open(), await open()];
    await here.declare({ queue: 'in' });
    await here.publish([{ ...event('e', 'order.paid'), queue: 'in' }]);
    let held = 0;
    await here.consume('in', { prefetch: 1 }, () => void held++);
    await until('a delivery', () => held === 1);
    const taken: number[] = [];
    await there.consume('in', { prefetch: 1 }, (delivery) => void taken.push(delivery.redelivered));
    await here.close();
    await until('the delivery again', () => taken.length === 1);
    expect(taken).toEqual([1]);
  });
});
