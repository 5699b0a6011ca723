import type { ClientBase, QueryResultRow } from 'pg';

/** A host whose last heartbeat is older than this is considered dead, even if its connection is open: the machine is frozen or cut off. */
const SESSION_MS = 10_000;

interface Queryable {
  query<Row extends QueryResultRow>(
    sql: string,
    params?: unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
}

/** Releases the deliveries of a session and removes its exclusive queues. Waits for a statement of the session that takes messages. */
export const END_SESSION = 'select end_session($1)';

/**
 * Closes the connection on which the session `$1` takes messages. A host that is frozen or cut off does not read the answer of such a
 * statement: the statement would wait for the host, and the end of the session for the statement.
 */
const STOP_TAKING = `
select pg_terminate_backend(pid) from session join pg_stat_activity on pid = taker and pg_stat_activity.backend_start = taker_start where id = $1`;

/**
 * Begins a session of two connections: one takes messages, and the session ends when the other one ends. The previous session of the host
 * is ended, and its queues move to the new one.
 *
 * @returns the id of the new session.
 */
export async function beginSession(
  client: ClientBase,
  taking: ClientBase,
  { hostId, previous }: { readonly hostId: string; readonly previous: string | undefined },
): Promise<string> {
  const taker = await taking.query<{ pid: number }>('select pg_backend_pid() as pid');
  const { rows } = await client.query<{ id: string }>(
    `insert into session (host, alive_until, backend, backend_start, taker, taker_start)
     select $1, now() + $2 * interval '1 millisecond', own.pid, own.backend_start, taker.pid, taker.backend_start
     from pg_stat_activity as own, pg_stat_activity as taker where own.pid = pg_backend_pid() and taker.pid = $3
     returning id`,
    [hostId, SESSION_MS, taker.rows[0]?.pid],
  );
  const { id } = rows[0] as { id: string };
  if (previous !== undefined) {
    await client.query('update queue set session = $2 where session = $1', [previous, id]);
    await endLostSession(client, previous);
  }
  return id;
}

/** Records a heartbeat. Rejects when another host has ended the session because its last heartbeat was too old. */
export async function renewSession(database: Queryable, session: string): Promise<void> {
  const { rowCount } = await database.query(
    `update session set alive_until = now() + $2 * interval '1 millisecond' where id = $1`,
    [session, SESSION_MS],
  );
  if (rowCount === 0) throw new Error('the last heartbeat of this host was too old: another host has ended its session');
}

/** Ends the sessions of dead hosts, whose connection is closed or whose last heartbeat is too old. */
export async function endDeadSessions(database: Queryable): Promise<void> {
  const { rows } = await database.query<{ id: string }>(
    `select id from session where alive_until < now() or not exists (
       select from pg_stat_activity as backend where backend.pid = session.backend and backend.backend_start = session.backend_start
     )`,
  );
  for (const { id } of rows) await endLostSession(database, id);
}

async function endLostSession(database: Queryable, id: string): Promise<void> {
  await database.query(STOP_TAKING, [id]);
  await database.query(END_SESSION, [id]);
}
