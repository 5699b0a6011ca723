// Attacks a server with hostile clients for the given time: node plugins/tcp-gateway/test/fuzz/run.mjs [minutes, default 10]
// Fails if the server dies, logs an error, keeps a connection, rejects a valid client, or uses more and more memory. Needs `npm run build`.
import { once } from 'node:events';
import { connect } from 'node:net';
import { startStompServer } from '../../dist/server/server.js';
import { hostilePieces } from './hostile.mjs';

const MiB = 1024 * 1024;
const CLIENTS_AT_ONCE = 50;
const MAX_GROWTH_BYTES = 64 * MiB;
const minutes = Number(process.argv[2] ?? 10);

const problems = [];
const server = await startStompServer({
  handler: handler(),
  log: { debug() {}, info() {}, warn() {}, error: (message, fields) => problems.push({ message, fields }) },
  tcp: { host: '127.0.0.1', port: 0 },
  limits: { closeTimeout: 200 },
});

const end = Date.now() + minutes * 60_000;
let seed = Date.now();
let attacks = 0;
let baseline;
while (Date.now() < end && problems.length === 0) {
  await Promise.all(Array.from({ length: CLIENTS_AT_ONCE }, () => attack(seed++)));
  attacks += CLIENTS_AT_ONCE;
  if (attacks % 5_000 === 0) await inspect();
}
await inspect();
await server.close();
if (problems.length > 0) {
  console.error(`problems at or before seed ${seed}:`, problems);
  process.exit(1);
}
console.log(`fuzz: ${attacks} hostile clients, last seed ${seed - 1}: no problems`);

async function attack(number) {
  const socket = connect(server.tcpPort, '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  for (const piece of hostilePieces(number)) socket.write(piece);
  socket.end();
  if (!socket.closed) await once(socket, 'close');
}

async function inspect() {
  await checkValidClient();
  const deadline = Date.now() + 10_000;
  while (server.connections > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  if (server.connections > 0) problems.push({ message: `${server.connections} connections were not closed` });
  const { heapUsed, external } = process.memoryUsage();
  baseline ??= heapUsed + external;
  if (heapUsed + external > baseline + MAX_GROWTH_BYTES) {
    problems.push({
      message: `memory grew from ${Math.round(baseline / MiB)} to ${Math.round((heapUsed + external) / MiB)} MiB`,
    });
  }
  console.log(`${attacks} attacks, ${Math.round((heapUsed + external) / MiB)} MiB`);
}

async function checkValidClient() {
  const socket = connect(server.tcpPort, '127.0.0.1');
  socket.write('CONNECT\naccept-version:1.2\nlogin:a\npasscode:ok\n\n\0DISCONNECT\nreceipt:bye\n\n\0');
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes));
  await once(socket, 'close');
  if (!answer.includes('receipt-id:bye')) problems.push({ message: `a valid client received: ${answer}` });
}

function handler() {
  const done = () => Promise.resolve();
  return {
    authenticate: async ({ login, passcode }) => {
      if (passcode !== 'ok') throw Object.assign(new Error('no'), { brand: Symbol.for('sluice.error'), code: 'NO', cure: 'no' });
      return { user: login, expiresAt: Date.now() + 60_000 };
    },
    sessionOpened() {},
    sessionClosed() {},
    subscribeUser: done,
    subscribeTopic() {},
    unsubscribeUser() {},
    unsubscribeTopic() {},
    acknowledge: done,
    reject: done,
    publish: done,
    callFlow: done,
    drained() {},
  };
}
