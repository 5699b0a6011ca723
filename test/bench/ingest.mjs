// bench ingest: how long `POST /events` takes to accept an event while a flow pushes into a slow 1C, and how many events per second it
// accepts.
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { Emulator } from './lib/emulator.mjs';
import { record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { inLoops, Sender } from './lib/sender.mjs';

const RATE = 500;
const SECONDS = 20;
const CONNECTIONS = 50;
const CEILING_SECONDS = 8;
const WARM_EVENTS = 2_000;
const TICK_MS = 2;

const onec = await Emulator.start({ maxCalls: 10, latency: '50ms' });
const body = JSON.stringify({ number: 'A-1', text: 'x'.repeat(450) });

/** Returns the milliseconds of each event since its due time, so that a late request is not hidden by the one before it. */
async function steadily(sender) {
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

/** Returns events per second when every connection sends the next event as soon as the last one is accepted. */
async function ceiling(sender) {
  let accepted = 0;
  const until = performance.now() + CEILING_SECONDS * 1000;
  await inLoops(
    CONNECTIONS,
    () => (performance.now() < until ? true : undefined),
    async () => {
      await sender.send('order.created', body);
      accepted++;
    },
  );
  return accepted / CEILING_SECONDS;
}

async function bench(name, env, engines) {
  const host = new BenchHost('push', { env: { ...env, ONEC_URL: onec.url } });
  try {
    await host.start();
    const sender = new Sender(host.url, await host.token(), CONNECTIONS);
    let warm = 0;
    await inLoops(
      CONNECTIONS,
      () => (warm++ < WARM_EVENTS ? true : undefined),
      () => sender.send('order.created', body),
    );
    const taken = await steadily(sender);
    const most = await ceiling(sender);
    sender.close();
    const at = (share) => taken[Math.floor(taken.length * share)];
    const result = { rate: RATE, p50: at(0.5), p99: at(0.99), max: taken.at(-1), ceiling: most };
    const [p50, p99] = [result.p50, result.p99].map((ms) => ms.toFixed(1));
    record(name, result, `p50 ${p50} ms, p99 ${p99} ms at ${RATE}/s, ceiling ${Math.round(most)}/s, ${engines}`);
  } finally {
    await host.remove();
  }
}

try {
  await bench('ingest-embedded', {}, 'embedded');
  const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
  try {
    const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
    await bench('ingest', env, 'RabbitMQ and Redis');
  } finally {
    await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
  }
} finally {
  await onec.stop();
}
