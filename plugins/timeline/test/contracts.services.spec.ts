import { systemClock } from '@sluice/plugin-api';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { ConnectionDatabase } from '@sluice/store';
import {
  actionContract,
  FakeWorkspace,
  MemoryLog,
  openPlugin,
  openProxy,
  startPostgres,
  triggerContract,
  type ActionPeer,
  type PostgresServer,
  type TriggerPeer,
} from '@sluice/testing';
import { ACTIONS, type Fields } from '../src/entry.js';
import { plugin } from '../src/plugin.js';

const WEB = { origin: 'web', by: 'anna' };
const KNOWN = randomUUID();
/** The flow by which the contract subscribes. */
const FLOW = 'flow-of-the-test';
const at = (hour: number): Fields => ({
  resource: 'ivanova',
  start: `2026-02-02T${hour}:00:00`,
  end: `2026-02-02T${hour}:30:00`,
});
const NO_SECRET = { 'shows no secret in its errors and its log': 'its connection has none' };
const NO_OVERLOAD = { 'reports an overload with the fate overload': 'PostgreSQL has no such answer' };

let server: PostgresServer;
let database: ConnectionDatabase;

beforeAll(async () => {
  server = await startPostgres();
  database = new ConnectionDatabase({ url: server.url, connection: 'journal', log: new MemoryLog(), clock: systemClock });
  const calendar = await openPlugin(plugin, {}, { workspace: new FakeWorkspace(database) });
  const person = { code: 'ivanova', name: 'Иванова А. П.', shared: false, position: 0, archived: false, hours: [] };
  await calendar.client.resources.save(person);
  await calendar.close();
});

afterAll(async () => {
  await database?.close();
  await server?.stop();
});

/** Starts a booking calendar with one entry, over a network that the test can break. */
async function startJournal() {
  for (const table of ['entry', 'listener', 'call']) await database.rows(`delete from ${table}`);
  const proxy = await openProxy(Number(new URL(server.url).port));
  const url = new URL(server.url);
  url.port = `${proxy.port}`;
  const workspace = new FakeWorkspace({
    connectionInfo: { ...database.connectionInfo, url: url.href },
    migrate: (steps) => database.migrate(steps),
    rows: (sql, params) => database.rows(sql, params),
  });
  const beside = await openPlugin(plugin, {}, { workspace });
  await beside.client.entries.create(KNOWN, at(10), WEB);
  return { proxy, workspace, beside };
}

async function actionPeer(): Promise<ActionPeer> {
  const { proxy, workspace, beside } = await startJournal();
  await beside.close();
  return {
    connection: {},
    workspace,
    hang: async () => {
      await proxy.hold();
      // after the test has gone on: only so can the connection be closed
      setImmediate(() => proxy.mend());
    },
    lose: () => void proxy.hold().then(() => proxy.cut()),
    ids: async () => (await database.rows<{ id: string }>('select id from call')).map(({ id }) => id),
    connections: () => proxy.connections(),
    close: async () => {
      await proxy.close();
      // a whole turn of the loop, in which the pool learns of it
      for (let half = 0; half < 2; half++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function triggerPeer(): Promise<TriggerPeer> {
  const { proxy, workspace, beside } = await startJournal();
  // it was started before: changes are kept for it
  await beside.client.outbox.listen(FLOW, ACTIONS);
  let produced = 0;
  return {
    connection: {},
    workspace,
    produce: async () => void (await beside.client.entries.create(randomUUID(), at(11 + produced++), WEB)),
    acknowledged: async () => produced - (await beside.client.outbox.next(FLOW)).length,
    lose: () => proxy.close(),
    close: async () => {
      await proxy.close();
      await beside.close();
    },
  };
}

actionContract(plugin, 'upsertEntry', {
  peer: actionPeer,
  input: { id: randomUUID(), ...at(15) },
  waive: { ...NO_SECRET, ...NO_OVERLOAD },
});
actionContract(plugin, 'setStatus', {
  peer: actionPeer,
  input: { id: KNOWN, status: 'arrived' },
  waive: { ...NO_SECRET, ...NO_OVERLOAD },
});
actionContract(plugin, 'showCall', {
  peer: actionPeer,
  input: { extension: '101', phone: '79161112233' },
  waive: { ...NO_SECRET, ...NO_OVERLOAD },
});
triggerContract(plugin, 'entry', { peer: triggerPeer, options: {} });
