// bench ingest: how long `POST /events` takes to accept an event, and how many events per second it accepts, beside rivals/plain-door.mjs on the same
// bus: a door on Fastify that checks the same and makes the same promise, 202 after the event is durable. First the host is only a door (role api),
// as the rival is; then it has all roles, and a flow in the same process takes each event and pushes it into a slow 1C.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { signOperatorToken } from '../../apps/host/dist/index.js';
import { PostgresProcess } from '../../libs/embedded/dist/index.js';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { Emulator } from './lib/emulator.mjs';
import { alternate, record, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { cpuSeconds, end, postmasterOf, RIVALS, startNode } from './lib/processes.mjs';
import { inLoops, Sender } from './lib/sender.mjs';

const RATE = 500;
const SECONDS = 10;
const CONNECTIONS = 50;
const ROUNDS = 3;
const CEILING_SECONDS = 4;
const WARM_EVENTS = 3_000;
const TICK_MS = 2;
const HOUR_MS = 3_600_000;
/** A host is calm once its hops have emptied the queue: below this share of a processor. */
const CALM_SHARE = 0.2;
const CALM_TICK_MS = 500;
const CALM_TIMEOUT_MS = 60_000;
const SILENT = { debug() {}, info() {}, warn: console.error, error: console.error };
const PROMISE = 'both: 202 once the event is durable';

const onec = await Emulator.start({ maxCalls: 10, latency: '5s' });
const body = JSON.stringify({ number: 'A-1', text: 'x'.repeat(450) });

/** Returns the sorted milliseconds of the events since their due times, so that a late request is not hidden by the one before it. */
async function steadily({ sender }) {
  const taken = [];
  const sent = [];
  const from = performance.now();
  for (let number = 0; number < RATE * SECONDS; number++) {
    const due = from + (number * 1000) / RATE;
    while (performance.now() < due) await pause(Math.min(TICK_MS, due - performance.now()));
    sent.push(sender.send('order.created', body).then(() => taken.push(performance.now() - due)));
  }
  await Promise.all(sent);
  return taken.sort((a, b) => a - b);
}

/** Measures events per second when every connection sends the next event as soon as the last one is accepted. */
async function ceiling(side) {
  await calm(side);
  const cpu = side.cpu();
  let count = 0;
  const from = performance.now();
  await inLoops(
    CONNECTIONS,
    () => (performance.now() < from + CEILING_SECONDS * 1000 ? true : undefined),
    async () => {
      await side.sender.send('order.created', body);
      count++;
    },
  );
  const seconds = (performance.now() - from) / 1000;
  // the hops of these events belong to their cost
  await calm(side);
  return { count, seconds, cpuMicros: Math.round(((side.cpu() - cpu) / count) * 1e7) / 10 };
}

async function calm({ cpu }) {
  const deadline = performance.now() + CALM_TIMEOUT_MS;
  for (let before = cpu(), now; performance.now() < deadline; before = now) {
    await pause(CALM_TICK_MS);
    now = cpu();
    if (now - before < (CALM_SHARE * CALM_TICK_MS) / 1000) return;
  }
  throw new Error('the server is still busy a minute after the last event');
}

/** Returns a server that accepts events, warm. `cpu` returns the processor seconds of its process and of its own PostgreSQL. */
async function sideOf(url, token, child, database) {
  const postmaster = database && (await postmasterOf(database));
  const sender = new Sender(url, token, CONNECTIONS);
  const cpu = () => cpuSeconds(child) + (postmaster ? cpuSeconds(postmaster, { tree: true }) : 0);
  const side = { sender, cpu };
  let warm = 0;
  await inLoops(
    CONNECTIONS,
    () => (warm++ < WARM_EVENTS ? true : undefined),
    () => sender.send('order.created', body),
  );
  return side;
}

async function compare(name, bus, roles, ours, plain) {
  const conditions = `${roles}, ${bus}, ${PROMISE}`;
  report(
    name,
    await alternate(
      () => ceiling(ours),
      () => ceiling(plain),
      ROUNDS,
    ),
    conditions,
  );
  for (const [who, side] of Object.entries({ ours, plain })) {
    await calm(side);
    const taken = await steadily(side);
    const [p50, p99] = [0.5, 0.99].map((share) => taken[Math.floor(taken.length * share)]);
    const line = `${who}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms at ${RATE}/s, ${conditions}`;
    record(`${name}-${who}`, { rate: RATE, p50, p99, max: taken.at(-1) }, line);
  }
}

/** @param {string} url of the bus of the rival */
async function bench(name, bus, env, url) {
  const secret = randomBytes(32).toString('base64url');
  const { child, ready } = startNode([`${RIVALS}plain-door.mjs`, url, secret], { ipc: true });
  const host = new BenchHost('push', { env: { ...env, ONEC_URL: onec.url } });
  const isEmbedded = url.startsWith('postgres');
  try {
    const { port } = await ready;
    const token = await signOperatorToken(secret, { sub: 'bench', scope: 'events:write', ttlMs: HOUR_MS });
    const plain = await sideOf(`http://127.0.0.1:${port}`, token, child, isEmbedded && url);
    for (const [suffix, roles] of [
      ['', 'api'],
      ['-flows', undefined],
    ]) {
      await host.start({ roles });
      const ours = await sideOf(host.url, await host.token(), host.process, isEmbedded && (await host.embeddedDatabase()));
      await compare(`${name}${suffix}`, bus, roles ? 'door only' : 'door and flows in one process', ours, plain);
      ours.sender.close();
      await host.stop();
    }
    plain.sender.close();
  } finally {
    await end(child);
    await host.remove();
  }
}

async function embedded() {
  const home = mkdtempSync(path.join(tmpdir(), 'sluice-bench-plain-'));
  const postgres = await PostgresProcess.start({ home, log: SILENT });
  try {
    await bench('ingest-embedded', 'embedded PostgreSQL, fsync on', {}, postgres.url);
  } finally {
    await postgres.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function servers() {
  const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
  try {
    const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
    await bench('ingest', 'RabbitMQ, quorum queues', env, rabbit.url);
  } finally {
    await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
  }
}

// `node test/bench/ingest.mjs embedded` measures one bus
const [bus] = process.argv.slice(2);
try {
  if (bus !== 'servers') await embedded();
  if (bus !== 'embedded') await servers();
} finally {
  await onec.stop();
}
