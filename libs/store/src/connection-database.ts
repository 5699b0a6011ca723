import { hash } from 'node:crypto';
import type { Database, Log } from '@sluice/plugin-api';
import pg from 'pg';
import { reachable } from './database.js';

/** Connections to the server for each connection of sluice.yaml that keeps tables. */
const POOL = 4;
const CONNECT_TIMEOUT_MS = 3_000;
const QUERY_TIMEOUT_MS = 15_000;
/** Plans of prepared statements are made again after this time: a plan for a small table may read all of it when it has grown. */
const MAX_PLAN_AGE_MS = 60_000;
/** Any number that nothing else in the database locks by. */
const MIGRATION_LOCK = 7_318_404;

export interface ConnectionDatabaseOptions {
  readonly url: string;
  /** The connection of sluice.yaml to which the tables belong. */
  readonly connection: string;
  readonly log: Log;
}

/** Tables of one connection, in a schema of its own. Takes no place on the server until it is first used. */
export class ConnectionDatabase implements Database {
  readonly place: Database['place'];
  readonly #pool: pg.Pool;
  /** When the plans of each connection to the server were last discarded, on the clock of `performance.now`. */
  readonly #planned = new WeakMap<pg.PoolClient, number>();

  constructor({ url, connection, log }: ConnectionDatabaseOptions) {
    this.place = { url, schema: schemaOf(connection) };
    this.#pool = new pg.Pool({
      connectionString: url,
      max: POOL,
      application_name: `sluice ${connection}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it, which its types do not say
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
        // one that failed is in the middle of a transaction: it is closed
        client.release(failed);
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** Queued before the statement for which the connection was acquired. When it fails, that statement fails too and reports the reason. */
  #discardOldPlans(client: pg.PoolClient): void {
    const now = performance.now();
    const since = this.#planned.get(client);
    if (since === undefined || now - since >= MAX_PLAN_AGE_MS) this.#planned.set(client, now);
    if (since !== undefined && now - since >= MAX_PLAN_AGE_MS) client.query('discard plans').catch(() => undefined);
  }

  /** Not in the start-up options: poolers refuse it there. */
  async #setUp(client: pg.ClientBase): Promise<void> {
    await client.query(`set search_path to ${this.place.schema}; set jit = off`);
  }

  async #bringUpToDate(client: pg.PoolClient, steps: readonly string[]): Promise<void> {
    const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [this.place.schema]);
    if (rowCount === 0) await client.query(`create schema ${this.place.schema}`);
    await client.query('create table if not exists migration (step integer primary key)');
    const { rows } = await client.query<{ done: number }>('select count(*)::integer as done from migration');
    for (let step = rows[0]?.done ?? 0; step < steps.length; step++) {
      await client.query(steps[step] as string);
      await client.query('insert into migration values ($1)', [step]);
    }
  }
}

/** Of letters, digits and `_`, so it needs no quotes. PostgreSQL cuts names off at 63 bytes: a long one would become another's. */
function schemaOf(connection: string): string {
  const name = connection.replaceAll('-', '_');
  const short = name.length <= 50 ? name : `${name.slice(0, 40)}_${hash('sha1', name).slice(0, 8)}`;
  return `sluice_at_${short}`;
}
