// bench desktop: events to 2,000 connected desktop clients, beside a bare socket server without any guarantee. Unicast and broadcast at
// most once, as the rival; then with the mailbox and an ACK for each event. Also how long 2,000 simultaneous connects take, and the memory
// of an idle connection.
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../../libs/testing/dist/servers/index.js';
import { BARE, Crowd, stomp } from './lib/desktop-crowd.mjs';
import { alternate, record, report } from './lib/frame.mjs';
import { hasMosquitto, measureMosquitto } from './lib/mosquitto.mjs';
import { cpuSeconds, end, RIVALS, startNode } from './lib/processes.mjs';

const CLIENTS = 2_000;
const MANY_CLIENTS = 10_000;
const UNICASTS = 60_000;
const MAILED = 20_000;
const BROADCASTS = 30;
/** V8 releases the memory of the connects after some idle seconds. */
const SETTLE_MS = 12_000;
const GATEWAY = fileURLToPath(new URL('lib/desktop-gateway.mjs', import.meta.url));
const RIVAL_PORT = 41_613;

const users = (prefix, count) => Array.from({ length: count }, (_, n) => `${prefix}user${n % CLIENTS}`);

/** A server process and the clients that are connected to it. */
class Side {
  constructor(child, crowd, connectMs) {
    Object.assign(this, { child, crowd, connectMs });
  }

  /** Measures the time from the order until the clients have received all frames, each once. */
  async measure(order, count) {
    const cpuBefore = cpuSeconds(this.child);
    const started = performance.now();
    const received = this.crowd.receive(count);
    const told = ask(this.child, order);
    await received;
    const seconds = (performance.now() - started) / 1000;
    await told;
    await pause(100);
    if (this.crowd.received !== count) throw new Error(`${this.crowd.received} frames arrived instead of ${count}`);
    const cpu = cpuSeconds(this.child);
    return { count, seconds, ...(cpu !== undefined && { cpuMicros: ((cpu - cpuBefore) * 1e6) / count }) };
  }

  async stop() {
    this.crowd.leave();
    await end(this.child, 'SIGKILL');
  }
}

async function ask(child, order) {
  child.send(order);
  const [answer] = await once(child, 'message');
  return answer;
}

async function startGateway(url) {
  const { child, ready } = startNode(['--expose-gc', GATEWAY, url], { ipc: true });
  const { port } = await ready;
  return { child, port };
}

async function gatewaySide(url, manners) {
  const { child, port } = await startGateway(url);
  const { crowd, connectMs } = await Crowd.gather(port, CLIENTS, stomp(await ask(child, { tokens: CLIENTS }), manners));
  return new Side(child, crowd, connectMs);
}

async function rivalSide() {
  const { child, ready } = startNode([path.join(RIVALS, 'plain-sockets.mjs'), String(RIVAL_PORT)], { ipc: true });
  await ready;
  const { crowd, connectMs } = await Crowd.gather(RIVAL_PORT, CLIENTS, BARE);
  return new Side(child, crowd, connectMs);
}

/** Measures the memory of one more connection that is subscribed and receives no event. */
async function memoryOfIdle(url, count) {
  const { child, port } = await startGateway(url);
  const tokens = await ask(child, { tokens: count });
  await pause(SETTLE_MS);
  const before = await ask(child, { memory: true });
  const { crowd, connectMs } = await Crowd.gather(port, count, stomp(tokens));
  await pause(SETTLE_MS);
  const after = await ask(child, { memory: true });
  crowd.leave();
  await end(child, 'SIGKILL');
  const each = (after - before) / 1024 / count;
  const result = { connections: count, kibEach: each, connectMs };
  record(
    'desktop-memory',
    result,
    `${each.toFixed(1)} KiB for each of ${count} idle connections, connected in ${Math.round(connectMs)} ms`,
  );
}

const toOurs = users('operator/', UNICASTS);
const toRival = users('', UNICASTS);
const postgres = await startPostgres();
try {
  const [ours, plain] = [await gatewaySide(postgres.url), await rivalSide()];
  await ours.measure({ unicast: toOurs, offline: 'drop' }, UNICASTS);
  await plain.measure({ unicast: toRival }, UNICASTS);
  const unicast = await alternate(
    () => ours.measure({ unicast: toOurs, offline: 'drop' }, UNICASTS),
    () => plain.measure({ unicast: toRival }, UNICASTS),
  );
  const broadcast = await alternate(
    () => ours.measure({ broadcast: BROADCASTS }, BROADCASTS * CLIENTS),
    () => plain.measure({ broadcast: BROADCASTS }, BROADCASTS * CLIENTS),
  );
  const connects = { connections: CLIENTS, ourMs: ours.connectMs, plainMs: plain.connectMs };
  await ours.stop();

  const mailed = await gatewaySide(postgres.url, { acknowledges: true });
  const toMailed = users('operator/', MAILED);
  await mailed.measure({ unicast: toMailed }, MAILED);
  const mailbox = await alternate(
    () => mailed.measure({ unicast: toMailed }, MAILED),
    () => plain.measure({ unicast: toRival.slice(0, MAILED) }, MAILED),
  );
  await Promise.all([mailed.stop(), plain.stop()]);

  await memoryOfIdle(postgres.url, CLIENTS);
  await memoryOfIdle(postgres.url, MANY_CLIENTS);
  if (hasMosquitto()) {
    const rate = await measureMosquitto(CLIENTS, MAILED);
    record('desktop-mosquitto', { rate }, `${Math.round(rate)}/s by Mosquitto, QoS 1, persistence true, autosave_interval 1`);
  }
  record(
    'desktop-connect',
    connects,
    `${CLIENTS} connects in ${Math.round(connects.ourMs)} ms, plain ${Math.round(connects.plainMs)} ms`,
  );
  report('desktop-mailbox', mailbox, `unicast kept in the mailbox, each acknowledged, to ${CLIENTS} clients`);
  report('desktop-broadcast', broadcast, `one message to ${CLIENTS} clients, at most once`);
  report('desktop', unicast, `unicast to ${CLIENTS} clients, at most once`);
} finally {
  await postgres.stop();
}
