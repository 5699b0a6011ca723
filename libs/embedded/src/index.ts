/**
 * The parts of a host without installed servers: PostgreSQL as a child process, and a bus in one of its tables.
 * Read `postgres/postgres-process.ts` first, then `bus/embedded-bus.ts`.
 */
export { EmbeddedBus, type EmbeddedBusOptions } from './bus/embedded-bus.js';
export { PostgresProcess, postgresUrl, type PostgresConnection } from './postgres/postgres-process.js';
