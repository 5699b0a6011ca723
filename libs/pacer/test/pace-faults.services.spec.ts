import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PaceConfig } from '@sluice/flow';
import type { BackEnd } from '@sluice/pacer';
import { startPostgres, startRedis, until, type PostgresServer, type RedisServer } from '@sluice/testing';
import { Fleet } from './fleet.js';
import { startSlowBackend, type SlowBackend } from './slow-backend.js';

const LIMIT = 10;
const CALL_MS = 50;
const pace: PaceConfig = {
  concurrency: { start: LIMIT, max: LIMIT, adaptive: false },
  latencyTargetMs: 1_000,
  shares: { interactive: 60, normal: 30, bulk: 10 },
  breaker: { failures: 1_000, withinMs: 1_000, probeMs: 1_000 },
  crashGraceMs: 5_000,
  calendar: [],
};

let postgres: PostgresServer;
let redis: RedisServer;
beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), redis.stop()]);
});

let backend: SlowBackend;
let fleet: Fleet;
let sent: string[];
/** Number of tests so far: each test has a connection of its own. */
let tests = 0;

async function begin(on: BackEnd, count: number, callMs = CALL_MS, config = pace, done = count / 4): Promise<string> {
  backend = await startSlowBackend(LIMIT, callMs);
  fleet = new Fleet({ connection: `erp-${++tests}`, backend: on, database: postgres.url, url: backend.url, pace: config });
  sent = Array.from({ length: count }, (_, n) => `push-${n}`);
  await fleet.start('one');
  await until('the first host to own the pace', () => fleet.owner() === 'one');
  await fleet.start('two');
  fleet.push(sent);
  await until('some pushes to be done', () => fleet.done.size >= done);
  return 'one';
}

/** Compares the ids that were sent with those that the backend received; the counters of Sluice are not evidence. */
async function allArrive(): Promise<{ repeated: number }> {
  await until('all pushes to be done', () => fleet.done.size === sent.length, 45_000);
  expect([...backend.seen.keys()].sort()).toEqual([...sent].sort());
  expect(backend.refused).toBe(0);
  expect(backend.peak).toBeLessThanOrEqual(LIMIT);
  return { repeated: [...backend.seen.values()].reduce((sum, times) => sum + times - 1, 0) };
}

beforeEach(async () => redis.restart());
afterEach(async () => {
  await fleet.close();
  await backend.close();
});

describe.each<[string, () => BackEnd]>([
  ['Redis', () => ({ redis: redis.url })],
  ['PostgreSQL', () => ({ postgres: postgres.url })],
])('pushes of two hosts, slots on %s', (_, on) => {
  it('loses no push and keeps the limit when the owner is killed', async () => {
    const owner = await begin(on(), 400);
    await fleet.kill(owner);
    const { repeated } = await allArrive();
    expect(repeated).toBeLessThanOrEqual(2 * LIMIT);
  });

  it('loses no push and keeps the limit when the owner is frozen for 12 s', async () => {
    const owner = await begin(on(), 400);
    fleet.freeze(owner);
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    fleet.thaw(owner);
    await allArrive();
  });
});

describe('pushes of two hosts, slots on Redis, when the owner ends in another way', () => {
  it('keeps the limit for the crash grace while calls of a dead owner still run', async () => {
    // the calls last longer than the lease, so only the slots can keep the limit
    await begin({ redis: redis.url }, 2 * LIMIT, 8_500, { ...pace, crashGraceMs: 9_000 }, 0);
    await until('all slots to be in use', () => backend.open === LIMIT);
    await fleet.kill('one');
    await allArrive();
  });

  it('repeats no push when the owner is stopped, and the next owner continues at once', async () => {
    await begin({ redis: redis.url }, 400);
    await fleet.stop('one');
    const doneAtStop = fleet.done.size;
    await until('the next owner', () => fleet.owner() === 'two', 4_000);
    await until('its first call', () => fleet.done.size > doneAtStop, 5_000);
    expect(await allArrive()).toEqual({ repeated: 0 });
  });
});

describe('pushes of two hosts when the server of the slots fails', () => {
  it('loses no push when Redis is flushed', async () => {
    await begin({ redis: redis.url }, 400);
    await redis.flush();
    expect(await allArrive()).toEqual({ repeated: 0 });
  });

  it('loses no push when Redis is killed and comes back empty', async () => {
    await begin({ redis: redis.url }, 400);
    await redis.kill();
    await redis.restart();
    expect(await allArrive()).toEqual({ repeated: 0 });
  });

  it('loses no push and keeps the limit when Redis is flushed and the owner killed at once', async () => {
    const owner = await begin({ redis: redis.url }, 400);
    await Promise.all([redis.flush(), fleet.kill(owner)]);
    await allArrive();
  });

  it('loses no push when PostgreSQL is killed and comes back', async () => {
    await begin({ postgres: postgres.url }, 400);
    await postgres.kill();
    await postgres.start();
    await allArrive();
  });
});
