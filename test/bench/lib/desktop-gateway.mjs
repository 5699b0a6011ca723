// The gateway as a host runs it, in a process of its own: the plugin on a real mailbox, without flows. Usage: desktop-gateway.mjs DATABASE_URL.
// The parent asks over IPC: { tokens: 2000 } for tokens of user0, user1 …; { unicast: [users…], offline } or { broadcast: times } to send,
// which is answered with { seconds } when everything has been handed to the sockets or is in the mailbox; { memory: true } gives bytes.
import { randomUUID } from 'node:crypto';
import { FakeWorkspace } from '../../../libs/testing/dist/plugin/fake-services.js';
import { openPlugin } from '../../../libs/testing/dist/plugin/open-plugin.js';
import { ConnectionDatabase } from '../../../libs/store/dist/index.js';
import { plugin } from '../../../plugins/tcp-gateway/dist/index.js';

/** As often as the rival lets its sockets breathe. */
const BREATH = 200;
const KEEPING = { keepForMs: 3_600_000 };

const quiet = { debug() {}, info() {}, warn: console.error, error: console.error };
const database = new ConnectionDatabase({ url: process.argv[2], connection: 'desktops', log: quiet });
const workspace = new FakeWorkspace(database);
const { client: gateway } = await openPlugin(plugin, {}, { workspace });
const { postman } = gateway;
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

/** What the action `send` does once its input is checked; what the engine does before is measured by the bench of the hop. */
async function toEach(users, offline) {
  const sends = [];
  for (const [n, user] of users.entries()) {
    const content = contentOf(user, n);
    if (offline === 'drop') postman.cast({ to: { user }, content, spreadMs: 0 });
    else sends.push(postman.keep({ user }, content, KEEPING, 0));
    if (n % BREATH === BREATH - 1) await breathe();
  }
  await Promise.all(sends);
}

async function toAll(times) {
  for (let n = 0; n < times; n++) {
    postman.cast({ to: { topic: 'bench' }, content: contentOf('all', n), spreadMs: 0 });
    await breathe();
  }
}

/** What lives, without what the storm of connecting has left behind. */
function memoryInUse() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage.rss();
}
