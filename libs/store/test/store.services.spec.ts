import { mkdtemp, chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PostgresProcess } from '@sluice/embedded';
import { openStore } from '@sluice/store';
import { startPostgres, storeConformance } from '@sluice/testing';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

storeConformance("the system's PostgreSQL", { outages: true }, async () => {
  const server = await startPostgres();
  return {
    open: () => openStore({ url: server.url, engine: 'postgresql', log: silent }),
    stopDatabase: () => server.kill(),
    startDatabase: () => server.start(),
    close: () => server.stop(),
  };
});

storeConformance('the embedded PostgreSQL', { outages: false }, async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'sluice-store-'));
  await chmod(home, 0o755);
  const server = await PostgresProcess.start({ home, log: silent });
  return {
    open: () => openStore({ url: server.url, engine: 'embedded', log: silent }),
    close: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
});
