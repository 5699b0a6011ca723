import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedBus, PostgresProcess } from '@sluice/embedded';
import type { Bus } from '@sluice/engine';
import { busConformance, until } from '@sluice/testing';
import pg from 'pg';
import { startProxy, type TcpProxy } from './support/tcp-proxy.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

busConformance('embedded', { maxBytes: 4 * 1024 * 1024 }, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'sluice-bus-'));
  await chmod(home, 0o755);
  const server = await PostgresProcess.start({ home, log: silent });
  const proxies = new Map<Bus, TcpProxy>();
  return {
    open: async () => {
      const proxy = await startProxy(server.connection);
      const bus = await EmbeddedBus.open({
        connection: { ...server.connection, port: proxy.port },
        hostId: randomUUID(),
        log: silent,
      });
      proxies.set(bus, proxy);
      return bus;
    },
    crash: async (bus) => proxies.get(bus)?.cut(),
    delayed: async (queue) => {
      const client = new pg.Client(server.connection);
      await client.connect();
      const { rows } = await client.query<{ count: string }>(
        'select count(*) from sluice_bus.message where queue = $1 and at > now()',
        [queue],
      );
      await client.end();
      return Number(rows[0]?.count);
    },
    restartBroker: async () => {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await until('the server to run again', () => server.pid !== pid);
    },
    close: async () => {
      for (const proxy of proxies.values()) proxy.cut();
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
});
