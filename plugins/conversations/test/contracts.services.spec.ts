import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { systemClock } from '@sluice/plugin-api';
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
import type { Actor } from '../src/discussions/discussions.js';
import { plugin } from '../src/plugin.js';
import { text } from './open-conversations.js';

const BOT = { bot: 'Helper', subscriber: 'main' };
/** The flow by which the contract subscribes. */
const FLOW = 'flow-of-the-test';
const DISCUSSION = randomUUID();
const NO_SECRET = { 'shows no secret in its errors and its log': 'its connection has none' };
const NO_OVERLOAD = { 'reports an overload with the fate overload': 'PostgreSQL has no such answer' };

let server: PostgresServer;
let database: ConnectionDatabase;

beforeAll(async () => {
  server = await startPostgres();
  database = new ConnectionDatabase({ url: server.url, connection: 'talks', log: new MemoryLog(), clock: systemClock });
});

afterAll(async () => {
  await database?.close();
  await server?.stop();
});

/** Opens conversations with one discussion of a person and the bot, over a network that the test can break. */
async function startConversations() {
  const proxy = await openProxy(Number(new URL(server.url).port));
  const beside = await openPlugin(plugin, {}, { workspace: new FakeWorkspace(database) });
  for (const table of ['listener', 'sent', 'message', 'discussion']) await database.rows(`delete from ${table}`);
  const bearer = { user: 'erp/anna', issuer: 'erp', sub: 'anna', scopes: [], events: [], topics: [], groups: [], expiresAt: 0 };
  const anna: Actor = { ...(await beside.client.people.callerOf(bearer)), isServer: false };
  const bot = await beside.client.bots.get(BOT);
  const members = [bot.person];
  await beside.client.discussions.open(anna, { kind: 'group', title: 'Group', members }, DISCUSSION);
  await beside.client.messages.post(bot, DISCUSSION, text('first'));
  const url = new URL(server.url);
  url.port = `${proxy.port}`;
  const workspace = new FakeWorkspace({
    connectionInfo: { ...database.connectionInfo, url: url.href },
    migrate: (steps) => database.migrate(steps),
    rows: (sql, params) => database.rows(sql, params),
  });
  return { proxy, workspace, beside, anna, bot };
}

async function actionPeer(): Promise<ActionPeer> {
  const { proxy, workspace, beside } = await startConversations();
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
    ids: async () => (await database.rows<{ id: string }>('select client_id as id from sent')).map(({ id }) => id),
    connections: () => proxy.connections(),
    close: async () => {
      await proxy.close();
      // a whole turn of the loop, in which the pool learns of it
      for (let half = 0; half < 2; half++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

async function triggerPeer(): Promise<TriggerPeer> {
  const { proxy, workspace, beside, anna, bot } = await startConversations();
  // it was started before: messages are kept for it
  await beside.client.outbox.listen(FLOW, bot, ['any'], undefined);
  let produced = 0;
  return {
    connection: {},
    workspace,
    produce: async () => void (await beside.client.messages.post(anna, DISCUSSION, text(`message ${produced++}`))),
    acknowledged: async () => produced - (await beside.client.outbox.next(FLOW, bot)).length,
    lose: () => proxy.close(),
    close: async () => {
      await proxy.close();
      await beside.close();
    },
  };
}

const waive = { ...NO_SECRET, ...NO_OVERLOAD };
actionContract(plugin, 'post', { peer: actionPeer, input: { ...BOT, discussion: DISCUSSION, text: 'hello' }, waive });
actionContract(plugin, 'open', { peer: actionPeer, input: { ...BOT, key: 'order 5', title: 'Order 5' }, waive });
actionContract(plugin, 'invite', { peer: actionPeer, input: { ...BOT, discussion: DISCUSSION, people: ['erp/anna'] }, waive });
actionContract(plugin, 'setTitle', { peer: actionPeer, input: { ...BOT, discussion: DISCUSSION, title: 'New title' }, waive });
actionContract(plugin, 'markRead', { peer: actionPeer, input: { ...BOT, discussion: DISCUSSION, seq: 1 }, waive });
triggerContract(plugin, 'message', { peer: triggerPeer, options: { ...BOT, on: ['any'] } });
