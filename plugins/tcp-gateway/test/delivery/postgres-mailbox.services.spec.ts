import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Database, systemClock } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { MemoryLog, startPostgres, until } from '@sluice/testing';
import pg from 'pg';
import type { NewMailboxEvent } from '../../src/delivery/mailbox/mailbox.js';
import { MAX_STATEMENT_BYTES } from '../../src/delivery/mailbox/event-reads.js';
import { PostgresMailbox } from '../../src/delivery/mailbox/postgres-mailbox.js';
import { mailboxSuite } from './support/mailbox-suite.js';

mailboxSuite('PostgreSQL', async () => {
  const server = await startPostgres();
  const log = new MemoryLog();
  const closing = new AbortController();
  const opened: ConnectionDatabase[] = [];
  return {
    open: (now = Date.now) => {
      const database = new ConnectionDatabase({ url: server.url, connection: 'desktops', log, clock: systemClock });
      opened.push(database);
      return PostgresMailbox.open({ database, log, clock: { ...systemClock, now }, signal: closing.signal });
    },
    close: async () => {
      closing.abort();
      await Promise.all(opened.map((database) => database.close()));
      await server.stop();
    },
  };
});

describe('the mailbox in PostgreSQL', () => {
  const log = new MemoryLog();
  const closing = new AbortController();
  const closers: (() => Promise<unknown>)[] = [];
  let url: string;
  let mailbox: PostgresMailbox;
  let database: ConnectionDatabase;
  let user: string;

  const mail = (text: string, more: Partial<NewMailboxEvent> = {}): NewMailboxEvent => ({
    user,
    content: { id: randomUUID(), headers: { text }, body: Buffer.from('1') },
    keepForMs: 60_000,
    sent: false,
    ...more,
  });
  const texts = async () =>
    (await mailbox.read({ user, after: 0, limit: 100, workplace: undefined })).events.map(
      ({ content }) => content.headers['text'],
    );
  const openOn = (on: Database, now = Date.now) =>
    PostgresMailbox.open({ database: on, log, clock: { ...systemClock, now }, signal: closing.signal });
  const connect = () => {
    const opened = new ConnectionDatabase({ url, connection: 'desktops', log, clock: systemClock });
    closers.push(() => opened.close());
    return opened;
  };
  /** Opens a host whose statements belong to one transaction, which the test commits. */
  const inTransaction = async (now?: () => number) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    closers.push(() => client.end());
    await client.query('set search_path to sluice_at_desktops');
    await client.query('begin');
    const rows = async (sql: string, params: readonly unknown[] = []) => (await client.query<object>(sql, [...params])).rows;
    const host = await openOn({ migrate: async () => undefined, rows, connectionInfo: { url, schema: '' } } as Database, now);
    return { host, commit: () => client.query('commit') };
  };
  /** Resolves when the work has ended or waits for a lock. */
  const endedOrBlocked = async (work: Promise<unknown>) => {
    let ended = false;
    void work.finally(() => (ended = true));
    await until('the work to end or to wait for a lock', async () => {
      const blocked = await database.rows("select from pg_stat_activity where wait_event_type = 'Lock'");
      return ended || blocked.length > 0;
    });
  };

  beforeAll(async () => {
    const server = await startPostgres();
    url = server.url;
    closers.push(() => server.stop());
    database = connect();
    mailbox = await openOn(database);
  });
  afterAll(async () => {
    closing.abort();
    for (const close of closers.reverse()) await close();
  });
  beforeEach(() => {
    user = `erp/user-${randomUUID()}`;
  });

  const ways: [string, (host: PostgresMailbox) => Promise<unknown>, () => number][] = [
    ['acknowledged', (host) => host.acknowledge([{ user, seq: 1 }]), Date.now],
    ['replaced', (host) => host.put([mail('newer', { collapseKey: 'state' })]), Date.now],
    ['dropped', async (host) => (await host.put([mail('newer')]), host.trim(1)), Date.now],
    ['swept', (host) => host.sweep(), () => Date.now() + 120_000],
  ];

  it.each(ways)('does not store an event again whose repeat arrives while it is being %s', async (_way, leave, now) => {
    const event = mail('once', { collapseKey: 'state' });
    await mailbox.put([event]);
    const leaving = await inTransaction(now);
    await leave(leaving.host);
    const repeated = mailbox.put([event]);
    await endedOrBlocked(repeated);
    await leaving.commit();
    expect(await repeated).toEqual([]);
    expect(await texts()).not.toContain('once');
  });

  it('does not store an event again that was stored and acknowledged while its repeat waited for a lock', async () => {
    const event = mail('once');
    const first = await inTransaction();
    await first.host.put([event]);
    await first.host.acknowledge([{ user, seq: 1 }]);
    const repeated = mailbox.put([event]);
    await endedOrBlocked(repeated);
    await first.commit();
    expect(await repeated).toEqual([]);
    expect(await texts()).toEqual([]);
  });

  it('keeps the newest event of a collapse key, also when two hosts put at the same time', async () => {
    const first = await inTransaction();
    await first.host.put([mail('older', { collapseKey: 'state' })]);
    const newer = mailbox.put([mail('newer', { collapseKey: 'state' })]);
    await endedOrBlocked(newer);
    await first.commit();
    await newer;
    expect(await texts()).toEqual(['newer']);
  });

  it('does not count a mailbox that cannot be full', async () => {
    const statements: string[] = [];
    const counting = connect();
    const spied: Database = {
      migrate: (steps) => counting.migrate(steps),
      rows: (sql, params, name) => (statements.push(sql), counting.rows(sql, params, name)),
      connectionInfo: counting.connectionInfo,
    };
    const host = await openOn(spied);
    const trims = async (cap: number) => {
      statements.length = 0;
      await host.trim(cap);
      return statements.length;
    };
    await host.put(Array.from({ length: 8 }, (_, n) => mail(String(n))));
    expect(await trims(10)).toBe(0);
    await host.acknowledge(Array.from({ length: 7 }, (_, n) => ({ user, seq: n + 1 })));
    await host.put(Array.from({ length: 4 }, (_, n) => mail(String(n))));
    // place 12 may exceed the cap: trim counts once, and finds that five events wait
    expect(await trims(10)).toBe(1);
    await host.put(Array.from({ length: 5 }, (_, n) => mail(String(n))));
    expect(await trims(10)).toBe(0);
    await host.put([mail('the eleventh')]);
    expect(await trims(10)).toBe(1);
    expect(await texts()).toHaveLength(10);
  });

  it('stores one large event for many users in parts, so that other events are not delayed', async () => {
    const statements: number[] = [];
    const counting = connect();
    const spied: Database = {
      migrate: (steps) => counting.migrate(steps),
      rows: (sql, params, name) => {
        if (name === 'mailbox put') statements.push((params?.[0] as Buffer).length);
        return counting.rows(sql, params, name);
      },
      connectionInfo: counting.connectionInfo,
    };
    const host = await openOn(spied);
    const { content } = mail('for all', {
      content: { id: randomUUID(), headers: { text: 'for all' }, body: Buffer.alloc(40_000) },
    });
    const users = Array.from({ length: 500 }, (_, n) => `${user}-${n}`);
    const put = host.put(users.map((name) => mail('', { user: name, content })));
    const other = host.put([mail('other')]);
    expect(await Promise.race([put.then(() => 'all'), other.then(() => 'other')])).toBe('other');
    expect(new Set((await put).map((one) => one.user))).toEqual(new Set(users));
    // each part contains the bytes of the event once, and one of them those of the other event
    expect(statements.length).toBeGreaterThan(2);
    expect(Math.max(...statements)).toBeLessThan(2 * content.body.length);
    const { events } = await host.read({ user: `${user}-499`, after: 0, limit: 10, workplace: undefined });
    expect(events.map((one) => one.content)).toEqual([content]);
  });

  it('reads large events of many users in statements of limited size, and each user gets its event', async () => {
    let largest = 0;
    const counting = connect();
    const host = await openOn({
      migrate: (steps) => counting.migrate(steps),
      rows: async (sql, params, name) => {
        const rows = await counting.rows(sql, params, name);
        const bytes = rows.reduce<number>((sum, row) => sum + ((row as { body?: Buffer | null }).body?.length ?? 0), 0);
        if (name === 'mailbox read') largest = Math.max(largest, bytes);
        return rows as never;
      },
      connectionInfo: counting.connectionInfo,
    });
    const bytes = 2 * 1024 ** 2;
    const { content } = mail('large', { content: { id: randomUUID(), headers: { text: 'large' }, body: Buffer.alloc(bytes) } });
    const users = Array.from({ length: 20 }, (_, n) => `${user}-large-${n}`);
    await host.put(users.map((name) => mail('', { user: name, content })));
    const results = await Promise.all(users.map((name) => host.read({ user: name, after: 0, limit: 10, workplace: undefined })));
    expect(results.map(({ events, more }) => [events.length, more])).toEqual(users.map(() => [1, false]));
    expect(largest).toBeGreaterThan(bytes);
    expect(largest).toBeLessThanOrEqual(MAX_STATEMENT_BYTES + bytes);
  });

  it('reads waiting events without reading the rows of events that have left', async () => {
    const places = Array.from({ length: 300 }, (_, n) => ({ user, seq: n + 1 }));
    await mailbox.put(places.map(({ seq }) => mail(String(seq))));
    await mailbox.acknowledge(places.slice(0, -1));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    closers.push(() => client.end());
    // PostgreSQL would read a table of this size as a whole
    await client.query('set search_path to sluice_at_desktops; set enable_seqscan = off; set enable_bitmapscan = off');
    const { rows } = await client.query<Record<string, string>>(
      `explain (analyze, costs off, timing off) select place from mail
       where user_name = $1 and place > 0 and left_at is null and expires > 0 order by place limit 100`,
      [user],
    );
    const lines = rows.map((row) => row['QUERY PLAN'] ?? '').join('\n');
    expect(lines).toMatch(/Index Scan using mail_waiting/);
    expect(lines).not.toMatch(/Rows Removed/);
    const bytes = await database.rows<{ bytes: number }>(
      'select sum(length(body) + length(headers))::integer as bytes from mail where user_name = $1 and left_at is not null',
      [user],
    );
    expect(bytes).toEqual([{ bytes: 0 }]);
  });

  it('keeps the ids of events that were acknowledged before the migration', async () => {
    const { MAILBOX_TABLES } = await import('../../src/delivery/mailbox/tables.js');
    const old = new ConnectionDatabase({ url, connection: 'older', log, clock: systemClock });
    closers.push(() => old.close());
    await old.migrate(MAILBOX_TABLES.slice(0, 3));
    const event = mail('once');
    const waiting = mail('waits');
    await old.rows('insert into acknowledged (user_name, id) values ($1, $2)', [user, event.content.id]);
    await old.rows(
      `insert into mail (user_name, place, id, expires, sent, headers, body) values ($1, 5, $2, $3, false, '{"text":"waits"}', '')`,
      [user, waiting.content.id, Date.now() + 60_000],
    );
    const host = await openOn(old);
    expect(await host.put([event, waiting])).toEqual([]);
    const { events } = await host.read({ user, after: 0, limit: 10, workplace: undefined });
    expect(events.map(({ seq, content }) => [seq, content.headers])).toEqual([[5, { text: 'waits' }]]);
  });
});
