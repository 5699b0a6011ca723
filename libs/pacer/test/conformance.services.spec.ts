import { systemClock } from '@sluice/plugin-api';
import { randomUUID } from 'node:crypto';
import { BullPacer, type BackEnd } from '@sluice/pacer';
import { openStore } from '@sluice/store';
import { pacerConformance, startPostgres, startRedis, type PacerHarness } from '@sluice/testing';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function harnessOf(on: 'redis' | 'postgresql'): Promise<PacerHarness> {
  const postgres = await startPostgres();
  const redis = on === 'redis' ? await startRedis() : undefined;
  const backend: BackEnd = redis ? { redis: redis.url } : { postgres: postgres.url };
  const store = await openStore({ url: postgres.url, engine: 'postgresql', log: silent, clock: systemClock });
  return {
    open: () =>
      Promise.resolve(new BullPacer({ leases: store.leases, hostId: randomUUID(), backend, log: silent, clock: systemClock })),
    close: async () => {
      await store.close();
      await Promise.all([postgres.stop(), redis?.stop()]);
    },
  };
}

pacerConformance('BullMQ on Redis', { hosts: true, policy: true }, () => harnessOf('redis'));
pacerConformance('BullMQ on PostgreSQL', { hosts: true, policy: true }, () => harnessOf('postgresql'));
