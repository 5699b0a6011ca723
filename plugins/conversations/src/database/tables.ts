import { fail, isSluiceError, type Database, type Log } from '@sluice/plugin-api';
import pg from 'pg';
import { conversationsFail } from '../failures.js';
import { STEPS } from './steps.js';
import type { Statement } from './statement.js';

const POOL = 12;
/** Also the wait for a free connection of the pool: a burst of requests takes its turn rather than fail. */
const CONNECT_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 15_000;

/** The statements of one subscriber. Each passes its id as `$1`; nothing else reaches the tables of discussions and messages. */
export interface SubscriberTables {
  readonly subscriber: string;
  /** Runs one statement, which is a transaction of its own. `params` are `$2`, `$3`, … */
  rows<Row extends object>(statement: Statement<Row>, ...params: readonly unknown[]): Promise<readonly Row[]>;
  /** Runs several statements in one transaction, which is rolled back when `work` rejects. */
  transaction<Result>(work: (tables: SubscriberTables) => Promise<Result>): Promise<Result>;
}

/**
 * The tables of the conversations. Every method rejects with `UNREACHABLE` when the database cannot be used, and with
 * `CONVERSATIONS_INVALID` for data that the database cannot read.
 */
export class Tables {
  private constructor(private readonly pool: pg.Pool) {}

  /** Opens the tables and migrates them. Several hosts may do so at once. */
  static async open(database: Database, connection: string, log: Log): Promise<Tables> {
    await database.migrate(STEPS);
    const { url, schema } = database.connectionInfo;
    const pool = new pg.Pool({
      connectionString: url,
      max: POOL,
      application_name: `sluice ${connection}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      // by a statement, because connection poolers refuse options at start-up
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool awaits it, although its types do not allow a promise
      onConnect: async (client) => void (await client.query(`set search_path to ${schema}; set jit = off`)),
    });
    pool.on('error', (error) => log.debug('a connection to the database was lost', { error: error.message }));
    return new Tables(pool);
  }

  of(subscriber: string): SubscriberTables {
    return {
      subscriber,
      rows: (statement, ...params) => reachable(() => run(this.pool, subscriber, statement, params)),
      transaction: (work) => reachable(() => this.#transaction(subscriber, work)),
    };
  }

  /** Runs a statement that concerns no single subscriber, such as the look-up of an issuer. */
  async rows<Row extends object>(text: string, params: readonly unknown[] = []): Promise<readonly Row[]> {
    return reachable(async () => (await this.pool.query<Row>(text, [...params])).rows);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  async #transaction<Result>(subscriber: string, work: (tables: SubscriberTables) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let failed: Error | undefined;
    const own: SubscriberTables = {
      subscriber,
      rows: (statement, ...params) => run(client, subscriber, statement, params),
      transaction: (inner) => inner(own),
    };
    try {
      await client.query('begin');
      const result = await work(own);
      await client.query('commit');
      return result;
    } catch (error) {
      failed = error as Error;
      await client.query('rollback').then(
        () => (failed = undefined),
        () => undefined,
      );
      throw error;
    } finally {
      // a connection that could not roll back is still in the transaction, so the pool closes it
      client.release(failed);
    }
  }
}

async function run<Row extends object>(
  client: Pick<pg.ClientBase, 'query'> | pg.Pool,
  subscriber: string,
  { name, text }: Statement<Row>,
  params: readonly unknown[],
): Promise<readonly Row[]> {
  return (await (client as pg.Pool).query<Row>({ name, text, values: [subscriber, ...params] })).rows;
}

/** Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html that mean "not now". */
const NOT_NOW = /^(08|53|57|58|25006|40)/;
const BAD_DATA = /^22/;
/** Codes of a failed connection attempt. */
const NOBODY = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

async function reachable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isSluiceError(error)) throw error;
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    const isAnswer = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
    if (isAnswer && BAD_DATA.test(code)) throw conversationsFail.CONVERSATIONS_INVALID(message, { sent: 'no', cause: error });
    if (isAnswer && !NOT_NOW.test(code)) throw error;
    const notSent = typeof code === 'string' && NOBODY.test(code);
    throw fail.UNREACHABLE(`the database cannot be used: ${message}`, { cause: error, ...(notSent && { sent: 'no' }) });
  }
}
