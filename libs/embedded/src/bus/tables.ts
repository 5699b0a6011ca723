import type { ClientBase, QueryConfig } from 'pg';

/** Id of an advisory lock; no other code uses this number. */
const MIGRATION_LOCK = 7_318_403;
/** Timeout of a step, which may have to read the whole table of messages. */
const MAX_STEP_MS = 600_000;

/**
 * Steps of the schema. Each runs once, in order. Never change a released step: add another one.
 *
 * `message` is a queue: every row is inserted, updated when it is taken, and deleted. No index contains the columns that taking changes,
 * and pages keep free space (fillfactor), so the new version of a row lies on the same page and no index changes. Dead rows have to be
 * removed soon, whatever the size of the table is. Bodies are not compressed, because most are deleted within milliseconds.
 */
const MIGRATIONS: readonly string[] = [
  `
  create table session (
    id bigint generated always as identity primary key,
    host text not null,
    alive_until timestamptz not null,
    -- the connection with which it ends
    backend integer not null,
    backend_start timestamptz not null
  );
  create table queue (
    queue text primary key,
    session bigint -- of the host to which it belongs; null: it is durable
  );
  create table binding (
    queue text not null,
    pattern text not null,
    regex text not null,
    primary key (queue, pattern)
  );
  create table message (
    id bigint generated always as identity primary key,
    queue text not null,
    type text not null,
    at timestamptz not null,
    taken_by bigint,
    deliveries integer not null default 0,
    headers text not null,
    body bytea not null
  ) with (
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000
  );
  alter table message alter column body set storage external;
  create index message_next on message (queue, at, id);
  insert into queue (queue) values ('unrouted');
  `,
  // marks queues that receive messages for all peers
  `alter table queue add column peers boolean not null default false`,
  // Each statement of the function sees everything that was committed before it began, and the first one waits for a statement of the
  // session that is taking messages. The last statement therefore finds all messages of the session. Messages of sessions that ended
  // before the function existed are released once.
  `
  alter table session
    -- the connection that takes messages
    add column taker integer,
    add column taker_start timestamptz;
  create function end_session(ended bigint) returns void language plpgsql as $$
  declare filled bigint;
  begin
    delete from session where id = ended;
    with gone as (delete from queue where session = ended returning queue)
    delete from message where queue in (select queue from gone);
    with freed as (update message set taken_by = null where taken_by = ended returning queue)
    select count(pg_notify(current_schema(), queue)) into filled from (select distinct queue from freed) as freed;
  end $$;
  update message set taken_by = null where taken_by not in (select id from session);
  `,
  // The session that alone may take messages of the queue; null: every session. Taking locks the rows of its queues for key share, so the
  // first statement of own_queues waits for it, and the next one sees what was taken.
  `
  alter table queue add column taker bigint;
  create function own_queues(owned text[], owner bigint) returns void language plpgsql as $$
  declare filled bigint;
  begin
    perform from session where id = owner for key share;
    if not found then raise exception 'the session has ended'; end if;
    perform from queue where queue = any(owned) order by queue for update;
    update queue set taker = owner where queue = any(owned);
    with freed as (
      update message set taken_by = null where queue = any(owned) and taken_by <> owner returning queue
    )
    select count(pg_notify(current_schema(), queue)) into filled from (select distinct queue from freed) as freed;
  end $$;
  create or replace function end_session(ended bigint) returns void language plpgsql as $$
  declare filled bigint;
  begin
    delete from session where id = ended;
    update queue set taker = null where taker = ended;
    with gone as (delete from queue where session = ended returning queue)
    delete from message where queue in (select queue from gone);
    with freed as (update message set taken_by = null where taken_by = ended returning queue)
    select count(pg_notify(current_schema(), queue)) into filled from (select distinct queue from freed) as freed;
  end $$;
  `,
];

/** Creates or migrates the schema and its tables. Several hosts may do so at once. The search path must begin with the schema. */
export async function migrate(client: ClientBase, schema: string): Promise<void> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schema]);
    if (rowCount === 0) await client.query(`create schema ${client.escapeIdentifier(schema)}`);
    await client.query('create table if not exists version (version integer not null)');
    const { rows } = await client.query<{ version: number }>('select coalesce(max(version), 0) as version from version');
    for (let version = rows[0]?.version ?? 0; version < MIGRATIONS.length; version++) {
      await client.query({ text: MIGRATIONS[version] as string, query_timeout: MAX_STEP_MS } as QueryConfig);
      await client.query('insert into version values ($1)', [version + 1]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
