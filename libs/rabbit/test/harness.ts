import { randomUUID } from 'node:crypto';
import type { Bus } from '@sluice/engine';
import type { Log } from '@sluice/plugin-api';
import { openProxy, startRabbit, until, type BusHarness, type Proxy, type RabbitServer } from '@sluice/testing';
import { RabbitBus } from '@sluice/rabbit';

export const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Starts a private broker. Each bus has its own proxy, so that one host alone can lose its network. */
export async function startRabbitHarness(): Promise<
  BusHarness & { readonly server: RabbitServer; proxyOf(bus: Bus): Proxy; physical(queue: string): string }
> {
  const server = await startRabbit();
  const prefix = `${randomUUID().slice(0, 8)}.`;
  const proxies = new Map<Bus, Proxy>();
  const proxyOf = (bus: Bus) => proxies.get(bus)!;
  const observer = await RabbitBus.open({ url: server.url, hostId: 'observer', log: silent, prefix });
  return {
    server,
    proxyOf,
    physical: (queue) => prefix + queue,
    open: async () => {
      const proxy = await openProxy(server.port);
      const url = `amqp://guest:guest@127.0.0.1:${proxy.port}`;
      const bus = await RabbitBus.open({ url, hostId: `host-${proxies.size}`, log: silent, prefix });
      proxies.set(bus, proxy);
      return bus;
    },
    crash: async (bus) => {
      proxyOf(bus).cut();
      await until('the bus to notice', () => bus.state().state === 'down');
    },
    // messages that are delayed for days wait in the longest delay queue
    delayed: async () => (await observer.status(['delay.1h']))[0]?.waiting ?? 0,
    restartBroker: async () => {
      await server.restart();
      await until('the observer to be back', () => observer.state().state === 'up');
    },
    close: async () => {
      await observer.close();
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await server.stop();
    },
  };
}
