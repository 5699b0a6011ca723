import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus, Outgoing } from '@sluice/engine';
import { isSluiceError } from '@sluice/plugin-api';
import { RabbitBus } from '@sluice/rabbit';
import { MemoryLog, openInbox, settled, until } from '@sluice/testing';
import amqp from 'amqplib';
import { silent, startRabbitHarness } from './harness.js';

const IDS = Array.from({ length: 1_000 }, (_, n) => `m${n}`);

describe('RabbitBus in trouble', () => {
  let harness: Awaited<ReturnType<typeof startRabbitHarness>>;
  let bus: Bus;
  let count = 0;
  let queue: string;

  beforeAll(async () => {
    harness = await startRabbitHarness();
    bus = await harness.open();
  });
  afterAll(async () => {
    await bus?.close();
    await harness?.close();
  });
  beforeEach(async () => {
    queue = `fault${++count}`;
    await bus.declare({ queue });
  });

  const message = (id: string) => ({
    attributes: { id, source: '/connections/test', type: 'fault.happened', time: '2026-01-02T03:04:05Z' },
    body: Buffer.from(id),
  });
  const to = (target: string, id: string): Outgoing => ({ queue: target, message: message(id) });
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'done',
      (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
    );
  /** Publishes the same event until it is confirmed, as a source does. */
  const offer = (id: string) =>
    until(`${id} to be confirmed`, async () => (await code(bus.publish([to(queue, id)]))) === 'done', 60_000);

  it('reports which messages the broker has moved to poison, and not those that a host has put there or that were delayed', async () => {
    const poison = await openInbox(bus, 'poison');
    const stranger = await amqp.connect(harness.server.url);
    const channel = await stranger.createChannel();
    await bus.publish([{ ...to(queue, 'rejected'), notBefore: Date.now() + 1_000 }]);
    await channel.consume(harness.physical(queue), (got) => got && channel.reject(got, false));
    await poison.atLeast(1);
    await bus.publish([to('poison', 'put')]);
    await poison.atLeast(2);
    await bus.declare({ queue: `${queue}.late` });
    const late = await openInbox(bus, `${queue}.late`);
    await bus.publish([{ ...to(`${queue}.late`, 'delayed'), notBefore: Date.now() + 1_000 }]);
    await late.atLeast(1);
    const deliveries = [...poison.deliveries, ...late.deliveries];
    expect(deliveries.map(({ message, deadLettered }) => [message.attributes.id, deadLettered])).toEqual([
      ['rejected', true],
      ['put', false],
      ['delayed', false],
    ]);
    for (const delivery of deliveries) expect(await settled(delivery)).toBe(true);
    await stranger.close();
  });

  it('loses none of 1,000 events when the broker is killed twice in mid-traffic', async () => {
    const done = `${queue}.done`;
    await bus.declare({ queue: done });
    // RabbitMQ 3.10 saves its register of queues late: a queue declared just before a SIGKILL has no leader afterwards
    await harness.restartBroker?.();
    await until('the bus to be up', () => bus.state().state === 'up');
    await bus.consume(queue, { prefetch: 50 }, (delivery) => {
      delivery.settle([{ queue: done, message: delivery.message }]);
    });
    const out = await openInbox(bus, done, { settle: true });
    const seen = () => new Set(out.ids());

    let offered = 0;
    const sources = Array.from({ length: 4 }, async (_, source) => {
      for (const id of IDS.filter((_id, n) => n % 4 === source)) {
        await offer(id);
        offered += 1;
      }
    });
    for (const mark of [300, 700]) {
      await until(`${mark} offered events`, () => offered >= mark, 60_000);
      await harness.server.kill();
      await harness.server.restart();
    }
    await Promise.all(sources);
    await until('every event at the end of its way', () => seen().size >= IDS.length, 60_000);
    expect([...seen()].toSorted()).toEqual(IDS.toSorted());
  }, 180_000);

  it('refuses events while the broker is in alarm, and still acknowledges', async () => {
    await bus.publish([to(queue, 'held')]);
    const inbox = await openInbox(bus, queue);
    const [held] = await inbox.atLeast(1);
    await harness.server.ctl('set_vm_memory_high_watermark', 'absolute', '1');
    try {
      // the broker notifies a publisher only when it publishes
      await until('the bus to be blocked', async () => {
        await code(bus.publish([to(queue, 'probe')], { timeoutMs: 100 }));
        return bus.state().state === 'blocked';
      });
      expect(await code(bus.publish([to(queue, 'refused')]))).toBe('BUS_UNAVAILABLE');
      expect(await settled(held!)).toBe(true);
      await until('the acknowledgement to arrive', async () => (await bus.status([queue]))[0]?.waiting === 0);
    } finally {
      await harness.server.ctl('set_vm_memory_high_watermark', '0.6');
    }
    await until('the bus to be up', () => bus.state().state === 'up');
    await offer('after');
    await until('the event after the alarm', () => inbox.ids().includes('after'));
    expect(inbox.ids()).not.toContain('refused');
  }, 60_000);

  it('rejects with BUS_UNAVAILABLE while its network is cut, and recovers automatically', async () => {
    const proxy = harness.proxyOf(bus);
    const inbox = await openInbox(bus, queue, { settle: true });
    proxy.cut();
    await until('the bus to be down', () => bus.state().state === 'down');
    expect(await code(bus.publish([to(queue, 'refused')], { timeoutMs: 100 }))).toBe('BUS_UNAVAILABLE');
    proxy.mend();
    await offer('after');
    await inbox.atLeast(1);
    expect(new Set(inbox.ids())).toEqual(new Set(['after']));
    await until('the bus to be up', () => bus.state().state === 'up');
  });

  it('publishes outputs again that were unconfirmed when its network was cut', async () => {
    const proxy = harness.proxyOf(bus);
    const done = `${queue}.done`;
    await bus.declare({ queue: done });
    await bus.publish(IDS.slice(0, 200).map((id) => to(queue, id)));
    const results: boolean[] = [];
    let calls = 0;
    await bus.consume(queue, { prefetch: 100 }, (delivery) => {
      delivery.settle([{ queue: done, message: delivery.message }], (ok) => results.push(ok));
      calls += 1;
      if (calls === 50) proxy.cut();
    });
    await until('the bus to be down', () => bus.state().state === 'down');
    proxy.mend();
    await until('the bus to be up', () => bus.state().state === 'up');
    const out = await openInbox(bus, done, { settle: true });
    await until('every output', () => new Set(out.ids()).size === 200);
    await until('an end for each delivery', () => results.filter((ok) => ok).length >= 200);
  });

  it('consumes again after its queue was deleted', async () => {
    const inbox = await openInbox(bus, queue, { settle: true });
    const other = await harness.open();
    await other.remove(queue);
    await offer('after');
    await inbox.atLeast(1);
    expect(inbox.ids()).toContain('after');
    await other.close();
  });

  it('logs that a queue was deleted, with the held deliveries and the last count of waiting messages', async () => {
    const log = new MemoryLog();
    const watched = await RabbitBus.open({ url: harness.server.url, hostId: 'watched', log, prefix: harness.physical('') });
    await watched.declare({ queue });
    await watched.publish(IDS.slice(0, 30).map((id) => to(queue, id)));
    const inbox = await openInbox(watched, queue, { prefetch: 20 });
    await inbox.atLeast(20);
    await watched.status([queue]);
    await bus.remove(queue);
    await until('a line about the deleted queue', () => log.lines.some(({ level }) => level === 'error'));
    expect(log.lines.find(({ level }) => level === 'error')).toMatchObject({
      message: expect.stringContaining(`queue ${queue} was deleted`),
      fields: { queue, held: 20, waitedWhenLastCounted: 10 },
    });
    await watched.close();
  });

  it('accepts a declaration of the queues that belong to no flow', async () => {
    for (const fixed of ['poison', 'unrouted']) await expect(bus.declare({ queue: fixed })).resolves.toBeUndefined();
    const inbox = await openInbox(bus, 'poison');
    await inbox.stop();
  });

  it('declares its deleted queue again when an event is published to it', async () => {
    const other = await harness.open();
    await other.remove(queue);
    await bus.publish([to(queue, 'first')]);
    expect(await bus.status([queue])).toMatchObject([{ waiting: 1 }]);
    await other.close();
  });

  it('reads messages of another publisher with the same id at each delivery', async () => {
    const inbox = await openInbox(bus, queue);
    const connection = await amqp.connect(harness.server.url);
    const channel = await connection.createChannel();
    channel.sendToQueue(harness.physical(queue), Buffer.from('{"n":1}'), { contentType: 'application/json' });
    const [first] = await inbox.atLeast(1);
    first?.release();
    const [, second] = await inbox.atLeast(2);
    expect(second?.message.attributes.id).toBe(first?.message.attributes.id);
    expect(second?.message.attributes).toMatchObject({ source: '/rabbitmq/queue', datacontenttype: 'application/json' });
    second?.settle([]);
    await connection.close();
  });

  describe('hosts with an embedded database', () => {
    const open = (soleHost: boolean) =>
      RabbitBus.open({ url: harness.server.url, hostId: 'sole', log: silent, prefix: `${queue}.`, soleHost });

    it('refuse each other, and any other host, until they are gone', async () => {
      const sole = await open(true);
      for (const soleHost of [true, false]) {
        await expect(open(soleHost)).rejects.toMatchObject({
          code: 'CONFIG_INVALID',
          message: expect.stringContaining('set SLUICE_DATABASE_URL on both'),
        });
      }
      await sole.close();
      await (await open(false)).close();
      await (await open(true)).close();
    });

    it('start together when no host must be alone, and RabbitMQ logs no error', async () => {
      const errors = async () => (await harness.server.log()).split('\n').filter((line) => line.includes('[error]'));
      const before = await errors();
      const hosts = await Promise.all(Array.from({ length: 8 }, () => open(false)));
      await Promise.all(hosts.map((host) => host.close()));
      expect((await errors()).slice(before.length)).toEqual([]);
    });
  });

  it('names the address and the refused user without the password', async () => {
    const nobody = RabbitBus.open({ url: 'amqp://sluice:s3cret@127.0.0.1:1/', hostId: 'h', log: silent });
    await expect(nobody).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.not.stringContaining('s3cret'),
    });
    const stranger = RabbitBus.open({ url: harness.server.url.replace('guest:guest', 'guest:wrong'), hostId: 'h', log: silent });
    await expect(stranger).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
