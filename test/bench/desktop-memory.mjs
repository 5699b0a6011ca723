// bench desktop-memory: memory of a connection that is subscribed and receives no event, over plain TCP and over TLS: in the process of the host,
// and in the kernel. Beside it a bare socket server on plain TCP, which is what Node itself needs.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { CERTIFICATE, KEY } from '../../libs/testing/dist/servers/certificate.js';
import { startPostgres } from '../../libs/testing/dist/servers/index.js';
import { BARE, Crowd, stomp } from './lib/desktop-crowd.mjs';
import { ask, CLIENTS, startGateway, startRival } from './lib/desktop-sides.mjs';
import { record } from './lib/frame.mjs';
import { end } from './lib/processes.mjs';

/** V8 releases the memory of the connects after some idle seconds. */
const SETTLE_MS = 12_000;
const MANY = 10_000;
/** Lets the bare socket server, which is not changed for this bench, answer the order `{ memory: true }` as the gateway does. */
const ANSWER_MEMORY =
  'data:text/javascript,process.on("message",({memory})=>memory&&(gc(),gc(),process.send(process.memoryUsage.rss())))';

async function memoryOfGateway(url, count, tls) {
  const { child, port } = await startGateway(url, tls ? { tls } : {});
  const tokens = await ask(child, { tokens: count });
  await measure(child, port, count, { ...stomp(tokens), secure: tls !== undefined }, tls ? 'TLS' : 'plain TCP');
}

async function memoryOfPlain(count) {
  const { child, port } = await startRival('plain-sockets.mjs', ['--expose-gc', '--import', ANSWER_MEMORY]);
  await measure(child, port, count, BARE, 'plain TCP, bare socket server');
}

async function measure(child, port, count, protocol, transport) {
  await pause(SETTLE_MS);
  const before = await memoryOf(child);
  const { crowd, connectMs } = await Crowd.gather(port, count, protocol);
  await pause(SETTLE_MS);
  const after = await memoryOf(child);
  crowd.leave();
  await end(child, 'SIGKILL');
  const each = (after.process - before.process) / 1024 / count;
  // the clients are sockets of the same kernel
  const kernelEach = (after.kernel - before.kernel) / 1024 / count / 2;
  record(
    'desktop-memory',
    { transport, connections: count, kibEach: each, kernelKibEach: kernelEach, connectMs },
    `${each.toFixed(1)} KiB for each of ${count} idle connections over ${transport}, and ${kernelEach.toFixed(1)} KiB in the kernel, ` +
      `connected in ${Math.round(connectMs)} ms`,
  );
}

async function memoryOf(child) {
  return { process: await ask(child, { memory: true }), kernel: kernelBytes() };
}

/** Returns the memory of the kernel for its objects, sockets among them, and for the buffers of TCP sockets. */
function kernelBytes() {
  const slab = Number(/^Slab:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
  const pages = Number(/^TCP: .* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1]);
  return slab + pages * 4096;
}

const postgres = await startPostgres();
try {
  await memoryOfPlain(MANY);
  await memoryOfGateway(postgres.url, CLIENTS);
  await memoryOfGateway(postgres.url, MANY);
  await memoryOfGateway(postgres.url, CLIENTS, { cert: CERTIFICATE, key: KEY });
} finally {
  await postgres.stop();
}
