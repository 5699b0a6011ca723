// A rival of `bench desktop`: a server on the library ws with a hash of sockets by user, JSON messages, no guarantee.
// usage: node plain-web-sockets.mjs PORT     a client sends "HELLO <user>" as its first message and receives "OK"; the parent sends, over IPC,
// { unicast: [users…] } or { broadcast: times } and receives { sent, seconds } when all messages have been handed to the sockets.
import { WebSocketServer } from 'ws';

const sockets = new Map();
const server = new WebSocketServer({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 2048, perMessageDeflate: false });
server.on('connection', (socket, request) => {
  request.socket.setNoDelay(true);
  socket.on('message', (data) => {
    const text = data.toString();
    if (!text.startsWith('HELLO ')) return;
    sockets.set(text.slice(6), socket);
    socket.send('OK');
  });
  socket.on('error', () => {});
});
server.on('listening', () => process.send?.({ ready: true }));

const breathe = () => new Promise((resolve) => setImmediate(resolve));
const message = (user, n) => JSON.stringify({ event: 'bench', user, n, text: 'x'.repeat(150) });
process.on('message', async ({ unicast = [], broadcast = 0 }) => {
  const started = performance.now();
  for (const [n, user] of unicast.entries()) {
    sockets.get(user).send(message(user, n));
    if (n % 200 === 199) await breathe();
  }
  for (let n = 0; n < broadcast; n++) {
    const bytes = Buffer.from(message('all', n));
    for (const socket of sockets.values()) socket.send(bytes, { binary: false });
    await breathe();
  }
  process.send({ sent: unicast.length + broadcast * sockets.size, seconds: (performance.now() - started) / 1000 });
});
