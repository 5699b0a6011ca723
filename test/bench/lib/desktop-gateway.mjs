// The gateway as a host runs it, as a separate process: the plugin with a real mailbox, without flows. Usage: desktop-gateway.mjs
// DATABASE_URL [CONFIG]. The parent sends orders over IPC: { tokens: 2000 } returns tokens of user0, user1 …; { unicast: [users…], offline } or {
// broadcast: times } sends events and returns { seconds } when all are in the sockets or in the mailbox; { memory: true } returns bytes.
import { randomUUID } from 'node:crypto';
import { FakeWorkspace } from '../../../libs/testing/dist/plugin/fake-services.js';
import { openPlugin } from '../../../libs/testing/dist/plugin/open-plugin.js';
import { systemClock } from '../../../libs/plugin-api/dist/index.js';
import { ConnectionDatabase } from '../../../libs/store/dist/index.js';
import { plugin } from '../../../plugins/tcp-gateway/dist/index.js';

/** Number of events after which the loop yields, as in the rival. */
const BREATH = 200;
const KEEPING = { keepForMs: 3_600_000, spreadMs: 0 };

const quiet = { debug() {}, info() {}, warn: console.error, error: console.error };
const database = new ConnectionDatabase({ url: process.argv[2], connection: 'desktops', log: quiet, clock: systemClock });
const workspace = new FakeWorkspace(database);
const { client: gateway } = await openPlugin(plugin, JSON.parse(process.argv[3] ?? '{}'), { workspace });
const { dispatcher } = gateway;
process.on('message', async (order) => process.send(await carryOut(order)));
process.on('disconnect', () => process.exit(0));
process.send({ port: gateway.port });

const breathe = () => new Promise((resolve) => setImmediate(resolve));
const contentOf = (user, n) => ({
  id: randomUUID(),
  headers: { event: 'bench' },
  body: Buffer.from(JSON.stringify({ event: 'bench', user, n, text: 'x'.repeat(150) })),
});

async function carryOut({ tokens, unicast, broadcast, offline, memory }) {
  if (tokens) return Array.from({ length: tokens }, (_, n) => workspace.issue(`user${n}`));
  if (memory) return memoryInUse();
  const started = performance.now();
  if (unicast) await toEach(unicast, offline);
  else await toAll(broadcast);
  return { seconds: (performance.now() - started) / 1000 };
}

/** Does the work of the action `send` after the validation of its input. The work of the engine before it is measured by bench hop. */
async function toEach(users, offline) {
  const sends = [];
  for (const [n, user] of users.entries()) {
    const content = contentOf(user, n);
    if (offline === 'drop') dispatcher.broadcast({ to: { user }, content, spreadMs: 0 });
    else sends.push(dispatcher.enqueue([{ user }], content, KEEPING));
    if (n % BREATH === BREATH - 1) await breathe();
  }
  await Promise.all(sends);
}

async function toAll(times) {
  for (let n = 0; n < times; n++) {
    dispatcher.broadcast({ to: { topic: 'bench' }, content: contentOf('all', n), spreadMs: 0 });
    await breathe();
  }
}

/** Returns the memory in use after a garbage collection, without the garbage of the connects. */
function memoryInUse() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage.rss();
}
