import { hash } from 'node:crypto';
import type { Database, Log, Clock } from '@sluice/plugin-api';
import pg from 'pg';
import { reachable } from './database.js';

/** Size of the pool for each connection of sluice.yaml that has tables. */
const POOL = 4;
const CONNECT_TIMEOUT_MS = 3_000;
const QUERY_TIMEOUT_MS = 15_000;
/** Prepared statements are planned again after this time, because a plan for a small table may read the whole table when it has grown. */
const MAX_PLAN_AGE_MS = 60_000;
/** Id of an advisory lock; no other code uses this number. */
const MIGRATION_LOCK = 7_318_404;

/** Options of {@link ConnectionDatabase}. */
export interface ConnectionDatabaseOptions {
  readonly url: string;
  /** The connection of sluice.yaml to which the tables belong. */
  readonly connection: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** Tables of one connection, in a schema of their own. It opens no connection to the server before the first statement. */
export class ConnectionDatabase implements Database {
  readonly connectionInfo: Database['connectionInfo'];
  readonly #pool: pg.Pool;
  /** When the plans of each connection to the server were last discarded, on the monotonic clock. */
  readonly #planned = new WeakMap<pg.PoolClient, number>();
  readonly #clock: Clock;

  constructor({ url, connection, log, clock }: ConnectionDatabaseOptions) {
    this.#clock = clock;
    this.connectionInfo = { url, schema: schemaOf(connection) };
    this.#pool = new pg.Pool({
      connectionString: url,
      max: POOL,
      application_name: `sluice ${connection}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool awaits it, although its types do not allow a promise
      onConnect: (client) => this.#setUp(client),
    });
    this.#pool.on('error', (error) =>
      log.debug(`${connection}: a connection to the database was lost`, { error: error.message }),
    );
    this.#pool.on('acquire', (client) => this.#discardOldPlans(client));
  }

  async rows<Row extends object>(text: string, params: readonly unknown[] = [], name?: string): Promise<Row[]> {
    const query = { text, values: [...params], ...(name !== undefined && { name }) };
    return reachable(async () => (await this.#pool.query<Row>(query)).rows);
  }

  async migrate(steps: readonly string[]): Promise<void> {
    await reachable(async () => {
      const client = await this.#pool.connect();
      let failed: Error | undefined;
      try {
        await client.query('begin');
        await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
        await this.#bringUpToDate(client, steps);
        await client.query('commit');
      } catch (error) {
        failed = error as Error;
        throw error;
      } finally {
        // a failed connection is still in a transaction, so the pool closes it
        client.release(failed);
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /**
   * Discards old plans before the statement for which the connection was acquired. If this fails, that statement fails too and reports the
   * reason.
   */
  #discardOldPlans(client: pg.PoolClient): void {
    const now = this.#clock.monotonic();
    const since = this.#planned.get(client);
    if (since === undefined || now - since >= MAX_PLAN_AGE_MS) this.#planned.set(client, now);
    if (since !== undefined && now - since >= MAX_PLAN_AGE_MS) client.query('discard plans').catch(() => undefined);
  }

  /** Sets options with a statement, because connection poolers refuse them at start-up. */
  async #setUp(client: pg.ClientBase): Promise<void> {
    await client.query(`set search_path to ${this.connectionInfo.schema}; set jit = off`);
  }

  async #bringUpToDate(client: pg.PoolClient, steps: readonly string[]): Promise<void> {
    const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [this.connectionInfo.schema]);
    if (rowCount === 0) await client.query(`create schema ${this.connectionInfo.schema}`);
    await client.query('create table if not exists migration (step integer primary key)');
    const { rows } = await client.query<{ done: number }>('select count(*)::integer as done from migration');
    for (let step = rows[0]?.done ?? 0; step < steps.length; step++) {
      await client.query(steps[step] as string);
      await client.query('insert into migration values ($1)', [step]);
    }
  }
}

/**
 * Returns a name of letters, digits and `_`, which needs no quotes. PostgreSQL truncates names to 63 bytes, so long names are shortened
 * with a hash.
 */
function schemaOf(connection: string): string {
  const name = connection.replaceAll('-', '_');
  const short = name.length <= 50 ? name : `${name.slice(0, 40)}_${hash('sha1', name).slice(0, 8)}`;
  return `sluice_at_${short}`;
}
