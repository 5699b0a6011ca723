import { ConnectionDatabase } from '@sluice/store';
import { MemoryLog, startPostgres } from '@sluice/testing';
import { PostgresMailbox } from '../../src/delivery/postgres-mailbox.js';
import { mailboxSuite } from './support/mailbox-suite.js';

mailboxSuite('PostgreSQL', async () => {
  const server = await startPostgres();
  const log = new MemoryLog();
  const closing = new AbortController();
  const opened: ConnectionDatabase[] = [];
  return {
    open: (now = Date.now) => {
      const database = new ConnectionDatabase({ url: server.url, connection: 'desktops', log });
      opened.push(database);
      return PostgresMailbox.open({ database, log, now, signal: closing.signal });
    },
    close: async () => {
      closing.abort();
      await Promise.all(opened.map((database) => database.close()));
      await server.stop();
    },
  };
});
