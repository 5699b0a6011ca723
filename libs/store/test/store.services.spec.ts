import { systemClock } from '@sluice/plugin-api';
import { mkdtemp, chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { PostgresProcess } from '@sluice/embedded';
import { ConnectionDatabase, openStore } from '@sluice/store';
import { startPostgres, storeConformance } from '@sluice/testing';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

storeConformance("the system's PostgreSQL", { outages: true }, async () => {
  const server = await startPostgres();
  return {
    open: () => openStore({ url: server.url, engine: 'postgresql', log: silent, clock: systemClock }),
    stopDatabase: () => server.kill(),
    startDatabase: () => server.start(),
    close: () => server.stop(),
  };
});

storeConformance('the embedded PostgreSQL', { outages: false }, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'sluice-store-'));
  await chmod(home, 0o755);
  const server = await PostgresProcess.start({ home, log: silent });
  return {
    open: () => openStore({ url: server.url, engine: 'embedded', log: silent, clock: systemClock }),
    close: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
});

describe('sweep', () => {
  it('deletes revisions that were not seen for 90 days, but none that a parked run names', async () => {
    const server = await startPostgres();
    const store = await openStore({ url: server.url, engine: 'postgresql', log: silent, clock: systemClock });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      const revisions = ['unseen', 'parked', 'replayed', 'seen'];
      for (const revision of revisions) {
        await store.revisions.announce([{ flow: 'orders', revision, source: 'flow: orders', constants: '{}' }]);
        if (revision === 'parked' || revision === 'replayed') await store.parked.add([parkedRun(revision)]);
      }
      await store.parked.replaying('replayed', 0, { fromStart: false });
      await store.parked.replayed('replayed', 0);
      await client.query("update sluice.flow_revision set last_seen = clock_timestamp() - interval '91 days'");
      await store.revisions.seen([{ flow: 'orders', revision: 'seen' }]);
      const year = 365 * 86_400_000;
      await store.sweep({ journalMs: year, parkedMs: year, auditMs: year, auditRows: 1_000_000 });
      const kept = await Promise.all(revisions.map((revision) => store.revisions.get('orders', revision)));
      expect(kept.map((row) => row?.revision)).toEqual([undefined, 'parked', undefined, 'seen']);
    } finally {
      await client.end();
      await store.close();
      await server.stop();
    }
  });
});

describe('loops', () => {
  it('are deleted 30 days after they were closed or 90 days after their last end, unless their run is parked', async () => {
    const server = await startPostgres();
    const store = await openStore({ url: server.url, engine: 'postgresql', log: silent, clock: systemClock });
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      const runs = ['closed', 'closed-late', 'parked', 'stale', 'ended-late'];
      for (const run of runs) await store.loops.create({ run, path: 'lines', epoch: 0 }, ['a']);
      await store.parked.add([parkedRun('parked')]);
      for (const run of ['closed', 'closed-late']) await store.loops.close({ run, path: 'lines', epoch: 0 });
      await client.query("update sluice.fork set ended_at = clock_timestamp() - interval '91 days'");
      await client.query("update sluice.fork set closed_at = clock_timestamp() - interval '31 days' where run = 'closed'");
      await store.loops.end({ run: 'ended-late', path: 'lines', epoch: 0 }, [{ index: 0, epoch: 0, ok: true, value: 'a' }]);
      const year = 365 * 86_400_000;
      await store.sweep({ journalMs: year, parkedMs: year, auditMs: year, auditRows: 1_000_000 });
      const { rows } = await client.query<{ run: string }>(
        'select fork.run from sluice.fork join sluice.fork_item on fork = id order by run',
      );
      expect(rows.map(({ run }) => run)).toEqual(['closed-late', 'ended-late', 'parked']);
    } finally {
      await client.end();
      await store.close();
      await server.stop();
    }
  });

  it('write and read a list of 100,000 items and its ends in parts, between which the process does other work', async () => {
    const server = await startPostgres();
    const store = await openStore({ url: server.url, engine: 'postgresql', log: silent, clock: systemClock });
    const key = { run: 'large', path: 'lines', epoch: 0 };
    const turns = new TurnCounter();
    const items = Array.from({ length: 100_000 }, (_, n) => turns.counting({ sku: `Товар ${n}`, price: n / 100 }));
    try {
      await store.loops.create(key, items);
      let read = 0;
      for (;;) {
        const page = await store.loops.items(key, { from: read, maxBytes: 64 * 1024 });
        if (!page || page.items.length === 0) break;
        await store.loops.end(
          key,
          page.items.map((value, n) => ({ index: read + n, epoch: 0, ok: true, value: turns.counting(value as object) })),
        );
        read += page.items.length;
      }
      expect(read).toBe(100_000);
      expect(await store.loops.missing(key, { from: 0, limit: 10 })).toEqual([]);
      // each item is written once as part of the list and once as an end, at most 10,000 of them in one turn
      expect(turns.total).toBe(200_000);
      expect(turns.largest).toBeLessThan(10_000);
    } finally {
      await store.close();
      await server.stop();
    }
  });
});

/** Counts the values that are written as JSON, in all and in the turn of the event loop that has most of them. */
class TurnCounter {
  total = 0;
  largest = 0;
  #turn = 0;

  counting(value: object): object {
    return { toJSON: () => (this.#count(), value) };
  }

  #count(): void {
    if (this.#turn === 0) setImmediate(() => (this.#turn = 0));
    this.#turn += 1;
    this.total += 1;
    this.largest = Math.max(this.largest, this.#turn);
  }
}

function parkedRun(revision: string) {
  return {
    run: revision,
    epoch: 0,
    flow: 'orders',
    revision,
    event: { id: 'e', source: '/', type: 't', time: new Date().toISOString() },
    error: { code: 'C', fate: 'fatal' as const, message: 'm' },
    parkedAt: new Date(),
    message: Buffer.from('m'),
  };
}

describe('ConnectionDatabase', () => {
  it('keeps named statements prepared under their names', async () => {
    const server = await startPostgres();
    const database = new ConnectionDatabase({ url: server.url, connection: 'desktops', log: silent, clock: systemClock });
    for (const one of [1, 2]) expect(await database.rows('select $1::integer as one', [one], 'one')).toEqual([{ one }]);
    await database.rows('select 1 as unnamed');
    expect(await database.rows('select name from pg_prepared_statements')).toEqual([{ name: 'one' }]);
    await database.close();
    await server.stop();
  });
});
