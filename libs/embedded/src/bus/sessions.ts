import type { ClientBase, QueryResultRow } from 'pg';

/** A host that has not said for so long that it lives is dead, although its connection stands: the machine is frozen, or cut off. */
const SESSION_MS = 10_000;

interface Asked {
  query<Row extends QueryResultRow>(
    sql: string,
    params?: unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
}

/** What the session held goes back, and its exclusive queues vanish. */
export const END_SESSION = `
with ended as (delete from session where id = $1),
     gone as (delete from queue where session = $1 returning queue),
     emptied as (delete from message where queue in (select queue from gone)),
     freed as (update message set taken_by = null where taken_by = $1 and queue not in (select queue from gone) returning queue)
select pg_notify(current_schema(), queue) from (select distinct queue from freed) as freed`;

/** Begins a session on this connection, with which it ends, and gives its id. The host's session before it hands its queues over. */
export async function beginSession(client: ClientBase, hostId: string, previous: string | undefined): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into session (host, alive_until, backend, backend_start)
     select $1, now() + $2 * interval '1 millisecond', pid, backend_start from pg_stat_activity where pid = pg_backend_pid()
     returning id`,
    [hostId, SESSION_MS],
  );
  const { id } = rows[0] as { id: string };
  if (previous !== undefined) {
    await client.query('update queue set session = $2 where session = $1', [previous, id]);
    await client.query(END_SESSION, [previous]);
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
  for (const { id } of rows) await database.query(END_SESSION, [id]);
}
