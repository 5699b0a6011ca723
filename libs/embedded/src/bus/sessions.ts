import type { ClientBase, QueryResultRow } from 'pg';

/** A host that has not said for so long that it lives is dead, although its connection stands: the machine is frozen, or cut off. */
const SESSION_MS = 10_000;

interface Asked {
  query<Row extends QueryResultRow>(
    sql: string,
    params?: unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
}

/** Hands back what the session held and removes its exclusive queues. Waits for a statement of the session that takes messages. */
export const END_SESSION = 'select end_session($1)';

/**
 * Closes the connection on which the session `$1` takes messages, unless it is closed already. A host that is frozen or cut off does not
 * read the answer of such a statement; the statement would wait for it, and the end of the session for the statement.
 */
const STOP_TAKING = `
select pg_terminate_backend(pid) from session join pg_stat_activity on pid = taker and pg_stat_activity.backend_start = taker_start where id = $1`;

/**
 * Begins a session of two connections, one that takes messages and one with which the session ends. The session that the host had before
 * hands its queues over and is ended.
 *
 * @returns the id of the new session
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

/** Says that the host lives. Rejects when others have ended its session, because it was silent for too long. */
export async function renewSession(database: Asked, session: string): Promise<void> {
  const { rowCount } = await database.query(
    `update session set alive_until = now() + $2 * interval '1 millisecond' where id = $1`,
    [session, SESSION_MS],
  );
  if (rowCount === 0) throw new Error('this host was silent for too long: its session has ended');
}

/** Ends the sessions of hosts that have died: their connection is closed, or they have been silent. */
export async function endDeadSessions(database: Asked): Promise<void> {
  const { rows } = await database.query<{ id: string }>(
    `select id from session where alive_until < now() or not exists (
       select from pg_stat_activity as backend where backend.pid = session.backend and backend.backend_start = session.backend_start
     )`,
  );
  for (const { id } of rows) await endLostSession(database, id);
}

async function endLostSession(database: Asked, id: string): Promise<void> {
  await database.query(STOP_TAKING, [id]);
  await database.query(END_SESSION, [id]);
}
