/**
 * What must survive and is no message, on PostgreSQL: leases, parked runs, claims, the journal. TypeORM keeps entities and migrations;
 * the hot paths are plain SQL, joined into batches. Read `open-store.ts` first, then `postgres-store.ts`.
 */
export { openStore, type StoreOptions } from './open-store.js';
export { ConnectionDatabase, type ConnectionDatabaseOptions } from './connection-database.js';
