import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBus, PostgresProcess } from '@sluice/embedded';
import type { Outgoing } from '@sluice/engine';
import { openInbox, until } from '@sluice/testing';
import pg from 'pg';
import { startProxy, type TcpProxy } from './support/tcp-proxy.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
/** Id of an advisory lock; no other code uses this number. */
const HOLD = 42;

/** A trigger that makes each statement which takes messages wait while the test holds the lock. */
const HOLD_TAKES = `
create function sluice_bus.hold() returns trigger language plpgsql as
  $$begin perform pg_advisory_xact_lock_shared(${HOLD}); return new; end$$;
create trigger hold before update on sluice_bus.message for each row
  when (new.taken_by is not null) execute function sluice_bus.hold()`;

describe('EmbeddedBus redelivers messages that were taken while the session ended', () => {
  let home: string;
  let server: PostgresProcess;
  let client: pg.Client;
  let opened: EmbeddedBus[];
  let proxy: TcpProxy;
  let here: EmbeddedBus;
  let queue: string;
  let tests = 0;

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'sluice-sessions-'));
    await chmod(home, 0o755);
    server = await PostgresProcess.start({ home, log: silent });
    client = new pg.Client(server.connection);
    await client.connect();
    await (await EmbeddedBus.open({ connection: server.connection, hostId: 'first', log: silent })).close();
    await client.query(HOLD_TAKES);
  });
  afterAll(async () => {
    await client?.end();
    await server?.stop();
    await rm(home, { recursive: true, force: true });
  });

  const message = (id: string, body = Buffer.alloc(0)): Outgoing => ({
    queue,
    message: { attributes: { id, source: '/test', type: 'happened', time: '2026-01-02T03:04:05.678Z' }, body },
  });

  beforeEach(async () => {
    opened = [];
    queue = `queue${++tests}`;
    proxy = await startProxy(server.connection);
    here = await open(proxy.port);
    await here.declare({ queue });
    await client.query('select pg_advisory_lock($1)', [HOLD]);
  });
  afterEach(async () => {
    await client.query('select pg_advisory_unlock_all()');
    await Promise.all(opened.map((bus) => bus.close()));
    proxy.cut();
  });

  async function open(port: number): Promise<EmbeddedBus> {
    const bus = await EmbeddedBus.open({
      connection: { ...server.connection, port },
      hostId: `host-${tests}-${opened.length}`,
      log: silent,
    });
    opened.push(bus);
    return bus;
  }

  const rows = async (sql: string, params: unknown[] = []) => (await client.query(sql, params)).rowCount;
  const isWaitedFor = async (locktype: string) =>
    ((await rows('select from pg_locks where not granted and locktype = $1', [locktype])) ?? 0) > 0;
  const sessionIsGone = async () => (await rows('select from sluice_bus.session where host = $1', [`host-${tests}-0`])) === 0;
  /** Publishes messages; resolves when a statement of the host takes them and waits for the test. */
  const taking = async (...messages: Outgoing[]) => {
    await here.publish(messages, { timeoutMs: 20_000 });
    await openInbox(here, queue);
    await until('a statement that takes the messages', () => isWaitedFor('advisory'));
  };
  const letGo = () => client.query('select pg_advisory_unlock($1)', [HOLD]);

  it('when its host closes', async () => {
    await taking(message('m'));
    const closed = here.close();
    await until('the end of the session', async () => (await sessionIsGone()) || (await isWaitedFor('transactionid')));
    await letGo();
    await closed;
    const inbox = await openInbox(await open(server.connection.port), queue, { settle: true });
    await inbox.atLeast(1);
    expect(inbox.ids()).toEqual(['m']);
  });

  it('when its host dies', async () => {
    const there = await open(server.connection.port);
    await taking(message('m'));
    proxy.cut();
    await until('the end of the session', sessionIsGone);
    await letGo();
    const inbox = await openInbox(there, queue, { settle: true });
    await inbox.atLeast(1);
    expect(inbox.ids()).toEqual(['m']);
  });

  it('when its host is frozen and does not read the messages that it has taken', async () => {
    const there = await open(server.connection.port);
    // more than the buffers of the sockets can hold
    await taking(...Array.from({ length: 100 }, (_, n) => message(`large${n}`, Buffer.alloc(200_000))));
    proxy.freeze();
    await letGo();
    await until('the end of the session', sessionIsGone, 60_000);
    const inbox = await openInbox(there, queue, { settle: true });
    await inbox.atLeast(100);
    expect(new Set(inbox.ids()).size).toBe(100);
  });
});
