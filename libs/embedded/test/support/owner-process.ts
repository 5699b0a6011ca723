import { PostgresProcess } from '@sluice/embedded';

/** A host that starts the PostgreSQL of a home and then runs until it is killed. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const server = await PostgresProcess.start({ home: process.argv[2] as string, log: silent });
process.send?.(server.connection);
setInterval(() => undefined, 60_000);
