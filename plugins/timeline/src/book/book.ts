import { fail, isSluiceError, type Database, type Log } from '@sluice/plugin-api';
import { DataSource, type EntityManager } from 'typeorm';
import { timelineFail } from '../failures.js';
import { EntryEntity } from './entities/entry.entity.js';
import { ResourceEntity, WorkingHoursEntity } from './entities/resource.entity.js';
import { STEPS } from './tables.js';

const POOL = 8;
const CONNECT_TIMEOUT_MS = 3_000;
const QUERY_TIMEOUT_MS = 15_000;

/**
 * Access to the tables of the booking calendar. It rejects with `UNREACHABLE` if the database cannot be used, and with `TIMELINE_INVALID`
 * for data that the database cannot read.
 */
export class Book {
  private constructor(private readonly source: DataSource) {}

  /** Opens the tables and migrates them. Several hosts may do so at once. */
  static async open(database: Database, log: Log): Promise<Book> {
    // as for all tables of a connection: TypeORM's own migrations take no lock and do not create the schema
    await database.migrate(STEPS);
    const { url, schema } = database.connectionInfo;
    const source = new DataSource({
      type: 'postgres',
      url,
      schema,
      entities: [ResourceEntity, WorkingHoursEntity, EntryEntity],
      applicationName: 'sluice timeline',
      poolSize: POOL,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      extra: {
        query_timeout: QUERY_TIMEOUT_MS,
        keepAlive: true,
        // for statements that TypeORM does not write; poolers refuse it in the start-up options
        onConnect: (client: { query(sql: string): Promise<unknown> }) => client.query(`set search_path to ${schema}`),
      },
      poolErrorHandler: (error: Error) => log.debug('a connection to the database was lost', { error: error.message }),
      logging: false,
    });
    return reachable(async () => new Book(await source.initialize()));
  }

  async read<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return reachable(() => work(this.source.manager));
  }

  async rows<Row>(sql: string, params: readonly unknown[] = []): Promise<Row[]> {
    return reachable(() => this.source.query<Row[]>(sql, [...params]));
  }

  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return reachable(() => this.source.transaction(work));
  }

  async close(): Promise<void> {
    await this.source.destroy();
  }
}

/** Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html that mean "not now". */
const NOT_NOW = /^(08|53|57|58|25006)/;
const BAD_DATA = /^22/;
/** Codes of a failed connection attempt. */
const NOBODY = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

async function reachable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as { code?: unknown };
    const refused = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !NOT_NOW.test(code);
    if (refused && BAD_DATA.test(code))
      throw timelineFail.TIMELINE_INVALID((error as Error).message, { sent: 'no', cause: error });
    if (isSluiceError(error) || refused) throw error;
    const notSent = typeof code === 'string' && NOBODY.test(code);
    const message = `the database cannot be used: ${(error as Error).message}`;
    throw fail.UNREACHABLE(message, { cause: error, ...(notSent && { sent: 'no' }) });
  }
}
