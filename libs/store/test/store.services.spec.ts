import { systemClock } from '@sluice/plugin-api';
import { mkdtemp, chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PostgresProcess } from '@sluice/embedded';
import { ConnectionDatabase, openStore } from '@sluice/store';
import { startPostgres, storeConformance } from '@sluice/testing';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

storeConformance("the system's PostgreSQL", { outages: true }, async () => {
  const server = await startPostgres();
  return {
    open: () => openStore({ url: server.url, engine: 'postgresql', log: silent, clock: systemClock }),
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
    open: () => openStore({ url: server.url, engine: 'embedded', log: silent, clock: systemClock }),
    close: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
});

describe('ConnectionDatabase', () => {
  it('keeps named statements prepared under their names', async () => {
    const server = await startPostgres();
    const database = new ConnectionDatabase({ url: server.url, connection: 'desktops', log: silent, clock: systemClock });
    for (const one of [1, 2]) expect(await database.rows('select $1::integer as one', [one], 'one')).toEqual([{ one }]);
    await database.rows('select 1 as unnamed');
    expect(await database.rows('select name from pg_prepared_statements')).toEqual([{ name: 'one' }]);
    await database.close();
    await server.stop();
  });
});
