import { systemClock } from '@sluice/plugin-api';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Store } from '@sluice/engine';
import { BullPacer } from '@sluice/pacer';
import { openStore } from '@sluice/store';
import { startPostgres, until, type PostgresServer } from '@sluice/testing';
import pg from 'pg';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Longer than a running server may take for an answer. */
const SLOW_SETUP_MS = 3_000;

let postgres: PostgresServer;
let store: Store;
let pacer: BullPacer;
let other: pg.Client;

beforeEach(async () => {
  postgres = await startPostgres();
  store = await openStore({ url: postgres.url, engine: 'postgresql', log: silent, clock: systemClock });
  other = new pg.Client(postgres.url);
  await other.connect();
});
afterEach(async () => {
  // a statement that waits for the lock would keep the pacer from closing
  await other.query('rollback');
  await pacer.close();
  await other.end();
  await store.close();
  await postgres.stop();
});

/** Returns for how long each session has been waiting for a lock. */
async function waiting(): Promise<{ pid: number; ms: number }[]> {
  const { rows } = await other.query<{ pid: number; ms: number }>(
    `select pid, extract(epoch from clock_timestamp() - waitstart)::float8 * 1000 as ms
     from pg_locks where not granted`,
  );
  return rows;
}

it('allows the first set-up to take longer than an answer, and begins calls right after it', async () => {
  // the session that creates BullMQ's tables waits for the end of this transaction
  await other.query('begin; create schema bullmq');
  pacer = new BullPacer({
    leases: store.leases,
    hostId: randomUUID(),
    backend: { postgres: postgres.url },
    log: silent,
    clock: systemClock,
  });
  const stop = new AbortController();
  let started = 0;
  const pace = pacer.own(
    'erp',
    {
      concurrency: { start: 2, max: 2, adaptive: false },
      latencyTargetMs: 1_000,
      shares: { interactive: 60, normal: 30, bulk: 10 },
      breaker: { failures: 5, withinMs: 30_000, probeMs: 5_000 },
      crashGraceMs: 5_000,
      calendar: [],
    },
    {
      waiting: () => (started > 0 ? 0 : 1),
      start: () => Promise.resolve(started++ > 0 ? 'idle' : { result: 'ok', ms: 1 }),
      onLimitChanged: () => undefined,
      onOpened: () => undefined,
      onClosed: () => undefined,
    },
    stop.signal,
  );
  await until('the set-up to wait', async () => (await waiting()).length > 0);
  const first = await waiting();
  await until('the set-up to be slow', async () => (await waiting()).some(({ ms }) => ms > SLOW_SETUP_MS));
  expect((await waiting()).map(({ pid }) => pid)).toEqual(first.map(({ pid }) => pid));
  expect(pace.state().closedBecause).toContain('set up');
  await other.query('rollback');
  await until('a call to begin', () => started > 0);
  expect(pace.state().closedBecause).toBeUndefined();
});
