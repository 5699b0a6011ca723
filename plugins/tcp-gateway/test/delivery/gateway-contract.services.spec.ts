import { afterAll, beforeAll } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { desktopGatewayConformance, FakeWorkspace, MemoryLog, startPostgres, type PostgresServer } from '@sluice/testing';
import { PostgresMailbox } from '../../src/delivery/mailbox/postgres-mailbox.js';
import { gatewayHarness } from './support/gateway-harness.js';

let server: PostgresServer;
let workspaces = 0;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());

desktopGatewayConformance('tcp-gateway on PostgreSQL', async () => {
  const log = new MemoryLog();
  const closing = new AbortController();
  const opened: ConnectionDatabase[] = [];
  // tables of its own for each test
  const connection = `desktops${++workspaces}`;
  const harness = gatewayHarness(new FakeWorkspace(), () => {
    const database = new ConnectionDatabase({ url: server.url, connection, log, clock: systemClock });
    opened.push(database);
    return PostgresMailbox.open({ database, log, clock: systemClock, signal: closing.signal });
  });
  return {
    open: () => harness.open(),
    close: async () => {
      await harness.close();
      closing.abort();
      await Promise.all(opened.map((database) => database.close()));
    },
  };
});
