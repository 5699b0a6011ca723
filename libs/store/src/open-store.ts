import type { Store } from '@sluice/engine';
import type { Log, Clock } from '@sluice/plugin-api';
import pg from 'pg';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { Database, reachable } from './database.js';
import { FlowRevisionEntity } from './entities/flow-revision.entity.js';
import { HostEntity } from './entities/host.entity.js';
import { LaneEntity } from './entities/lane.entity.js';
import { LaneHeldEntity } from './entities/lane-held.entity.js';
import { ParkedRunEntity } from './entities/parked-run.entity.js';
import { RecordedValueEntity } from './entities/recorded-value.entity.js';
import { ScheduleEntity } from './entities/schedule.entity.js';
import { SecretEntity } from './entities/secret.entity.js';
import { SeenFlowEntity } from './entities/seen-flow.entity.js';
import { MIGRATIONS } from './migrations/index.js';
import { PostgresStore } from './postgres-store.js';
import { SCHEMA } from './schema.js';

/** Options of {@link openStore}. */
export interface StoreOptions {
  /** `postgres://user:password@host:port/database`. The user owns the schema `sluice` or may create it. */
  readonly url: string;
  /** Name of the store in logs and in `sluice doctor`. */
  readonly engine: 'embedded' | 'postgresql';
  readonly log: Log;
  readonly clock: Clock;
}

const CONNECTIONS = 5;
const CONNECT_TIMEOUT_MS = 3_000;
/** A database that does not answer within this time counts as unavailable, so that the holder of a lease notices it. */
const QUERY_TIMEOUT_MS = 15_000;
/** Id of an advisory lock; no other code uses this number. */
const MIGRATION_LOCK = 7_318_401;

/**
 * Opens the store and creates or migrates its tables. Several hosts may do so at once. Requires PostgreSQL 15 or newer.
 *
 * @throws `STORE_UNAVAILABLE` with the reason if the database cannot be used.
 */
export async function openStore({ url, engine, log, clock }: StoreOptions): Promise<Store> {
  const source = new DataSource({
    type: 'postgres',
    url,
    schema: SCHEMA,
    entities: [
      FlowRevisionEntity,
      HostEntity,
      LaneEntity,
      LaneHeldEntity,
      ParkedRunEntity,
      RecordedValueEntity,
      ScheduleEntity,
      SecretEntity,
      SeenFlowEntity,
    ],
    migrations: MIGRATIONS,
    migrationsTableName: 'migration',
    applicationName: 'sluice store',
    poolSize: CONNECTIONS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: { query_timeout: QUERY_TIMEOUT_MS, keepAlive: true },
    // the pool reports idle connections that were cut; the next statement reconnects
    poolErrorHandler: (error: Error) => log.debug('a connection to the database was lost', { error: error.message }),
    logging: false,
  });
  return reachable(async () => {
    await migrate(source, url);
    return new PostgresStore(engine, new Database(source), log, clock);
  });
}

/** Migrates under an advisory lock: if two hosts migrated an empty database at once, one of them would fail. */
async function migrate(source: DataSource, url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'sluice migration',
  });
  // a lost connection rejects the current or the next statement
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await createSchema(client);
    await source.initialize();
    await source.runMigrations({ transaction: 'all' });
  } catch (error) {
    if (source.isInitialized) await source.destroy();
    throw error;
  } finally {
    // the end of the connection releases the lock
    await client.end();
  }
}

/** Creates the schema if it is missing. `create schema if not exists` requires the right to create one even if it exists. */
async function createSchema(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [SCHEMA]);
  if (rowCount === 0) await client.query(`create schema ${SCHEMA}`);
}
