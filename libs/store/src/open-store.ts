import type { Store } from '@sluice/engine';
import type { Log } from '@sluice/plugin-api';
import pg from 'pg';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { Database, reachable } from './database.js';
import { ParkedRunEntity } from './entities/parked-run.entity.js';
import { SecretEntity } from './entities/secret.entity.js';
import { SeenFlowEntity } from './entities/seen-flow.entity.js';
import { CreateStore1764000000000 } from './migrations/1764000000000-create-store.js';
import { AddRevocations1796000000000 } from './migrations/1796000000000-add-revocations.js';
import { PostgresStore } from './postgres-store.js';
import { SCHEMA } from './schema.js';

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`. The user may create the schema `sluice`, or owns it. */
  readonly url: string;
  /** What the store calls itself in logs and `doctor`. */
  readonly engine: 'embedded' | 'postgresql';
  readonly log: Log;
}

const CONNECTIONS = 5;
const CONNECT_TIMEOUT_MS = 3_000;
/** A database that does not answer is away: whoever renews a lease must learn that. */
const QUERY_TIMEOUT_MS = 15_000;
/** Any number that nothing else in the database locks by. */
const MIGRATION_LOCK = 7_318_401;

/**
 * Opens the store, making or updating its tables; several hosts may do so at once. Works on PostgreSQL 15 and newer.
 *
 * @throws STORE_UNAVAILABLE when the database cannot be used, saying why
 */
export async function openStore({ url, engine, log }: StoreOptions): Promise<Store> {
  const source = new DataSource({
    type: 'postgres',
    url,
    schema: SCHEMA,
    entities: [ParkedRunEntity, SecretEntity, SeenFlowEntity],
    migrations: [CreateStore1764000000000, AddRevocations1796000000000],
    migrationsTableName: 'migration',
    applicationName: 'sluice store',
    poolSize: CONNECTIONS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: { query_timeout: QUERY_TIMEOUT_MS, keepAlive: true },
    // the pool tells of idle connections that were cut; the next statement finds out by itself
    poolErrorHandler: (error: Error) => log.debug('a connection to the database was lost', { error: error.message }),
    logging: false,
  });
  return reachable(async () => {
    await migrate(source, url);
    return new PostgresStore(engine, new Database(source), log);
  });
}

/** Under a lock of the database: of two hosts that migrate an empty database at once, one would fail. */
async function migrate(source: DataSource, url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'sluice migration',
  });
  // a lost connection fails the statement that runs, or the next one
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
    // the lock goes with the connection
    await client.end();
  }
}

/** `create schema if not exists` needs the right to create one even when it is there. */
async function createSchema(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [SCHEMA]);
  if (rowCount === 0) await client.query(`create schema ${SCHEMA}`);
}
