/**
 * Durable state other than messages, on PostgreSQL: leases, parked runs, claims, the journal. TypeORM manages entities and migrations;
 * the hot paths are plain SQL in batches. Read `open-store.ts` first, then `postgres-store.ts`.
 */
export { openStore, type StoreOptions } from './open-store.js';
export { ConnectionDatabase, type ConnectionDatabaseOptions } from './connection-database.js';
