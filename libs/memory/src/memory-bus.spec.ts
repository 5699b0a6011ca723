import { describe, expect, it } from '@jest/globals';
import type { Delivery } from '@sluice/engine';
import { busConformance } from '@sluice/testing';
import { MemoryBroker, type MemoryBus } from './memory-bus.js';
import { VirtualClock } from './virtual-clock.js';

busConformance('memory', { maxBytes: 2 * 1024 ** 2 }, async () => {
  const broker = new MemoryBroker();
  return {
    open: async () => broker.connect(),
    crash: async (bus) => (bus as MemoryBus).crash(),
    delayed: async (queue) => broker.delayed(queue),
    restartBroker: async () => {
      broker.stop();
      broker.start();
    },
    close: async () => undefined,
  };
});

describe('MemoryBroker', () => {
  const message = { attributes: { id: '1', source: '/test', type: 'a', time: '2026-01-01T00:00:00Z' }, body: Buffer.alloc(0) };

  it('delays messages by the clock of its options', async () => {
    const clock = new VirtualClock(0);
    const broker = new MemoryBroker(clock);
    const bus = broker.connect();
    await bus.declare({ queue: 'q' });
    await bus.publish([{ queue: 'q', message, notBefore: 60_000 }]);
    await clock.advance(59_999);
    expect(await bus.status(['q'])).toMatchObject([{ waiting: 0 }]);
    await clock.advance(1);
    expect(await bus.status(['q'])).toMatchObject([{ waiting: 1 }]);
  });

  it('has no timer while no host is connected, and delivers delayed messages to the next one', async () => {
    const clock = new VirtualClock(0);
    const broker = new MemoryBroker(clock);
    const first = broker.connect();
    await first.declare({ queue: 'q' });
    await first.publish([{ queue: 'q', message, notBefore: 60_000 }]);
    await first.close();
    await clock.runUntilIdle();
    expect([clock.now(), broker.delayed('q')]).toEqual([0, 1]);
    const second = broker.connect();
    await clock.runUntilIdle();
    expect(clock.now()).toBe(60_000);
    expect(await second.status(['q'])).toMatchObject([{ waiting: 1 }]);
  });

  it('refuses to publish while it is stopped, and redelivers held deliveries afterwards', async () => {
    const broker = new MemoryBroker();
    const bus = broker.connect();
    await bus.declare({ queue: 'q' });
    await bus.publish([{ queue: 'q', message }]);
    let first: Delivery | undefined;
    const redelivered = new Promise<number>((resolve) => {
      void bus.consume('q', { prefetch: 1 }, (delivery) => {
        if (delivery.redelivered > 0) return resolve(delivery.redelivered);
        first = delivery;
        broker.stop('no power');
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(bus.state()).toEqual({ state: 'down', reason: 'no power' });
    await expect(bus.publish([{ queue: 'q', message }])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    broker.start();
    expect(await redelivered).toBe(1);
    expect(first?.lost).toBe(true);
  });
});
