import { randomUUID } from 'node:crypto';
import { BullPacer, type BackEnd } from '@sluice/pacer';
import { pacerConformance, startPostgres, startRedis, type PacerHarness } from '@sluice/testing';
import pg from 'pg';
import { PostgresLeases } from './postgres-leases.mjs';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function harnessOf(on: 'redis' | 'postgresql'): Promise<PacerHarness> {
  const postgres = await startPostgres();
  const redis = on === 'redis' ? await startRedis() : undefined;
  const backend: BackEnd = redis ? { redis: redis.url } : { postgres: postgres.url };
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  // the server stops while the pool's sockets are still closing
  pool.on('error', () => undefined);
  await pool.query('create table lease (name text primary key, holder text, epoch integer, until timestamptz)');
  return {
    open: () => Promise.resolve(new BullPacer({ leases: new PostgresLeases(pool), hostId: randomUUID(), backend, log: silent })),
    close: async () => {
      await pool.end();
      await Promise.all([postgres.stop(), redis?.stop()]);
    },
  };
}

pacerConformance('BullMQ on Redis', { hosts: true, policy: true }, () => harnessOf('redis'));
pacerConformance('BullMQ on PostgreSQL', { hosts: true, policy: true }, () => harnessOf('postgresql'));
