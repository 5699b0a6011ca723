// bench push: events from `POST /events` through a flow, paced into 1C; against rivals/plain-push.mjs, ten loops that call 1C directly.
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { Emulator } from './lib/emulator.mjs';
import { alternate, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { end, RIVALS, startNode } from './lib/processes.mjs';
import { inLoops, Sender } from './lib/sender.mjs';

const EVENTS = 1_000;
const CALLS = 10;
const IN_FLIGHT = 20;
const LOOK_MS = 10;

const onec = await Emulator.start({ maxCalls: CALLS, latency: '50ms' });

/** The same body as the rival's. */
const body = (id) => JSON.stringify({ id, text: 'x'.repeat(200) });

/** Measures from the first request to the end of the last call. */
async function through(host) {
  await onec.reset();
  const sender = new Sender(host.url, await host.token(), IN_FLIGHT);
  let next = 0;
  const from = performance.now();
  const sent = inLoops(
    IN_FLIGHT,
    () => (next < EVENTS ? next++ : undefined),
    (id) => sender.send('order.created', body(id)),
  );
  while ((await onec.stats()).done < EVENTS) await pause(LOOK_MS);
  const seconds = (performance.now() - from) / 1000;
  await sent;
  sender.close();
  await check('ours');
  return { count: EVENTS, seconds };
}

async function plain() {
  await onec.reset();
  const { child, ready } = startNode([`${RIVALS}plain-push.mjs`, onec.url, String(EVENTS), String(CALLS)]);
  const { seconds } = JSON.parse(String(await ready));
  await end(child);
  await check('plain');
  return { count: EVENTS, seconds };
}

/** Verifies the ids that 1C has received. */
async function check(who) {
  const { distinct, refused, peak } = await onec.stats();
  if (refused > 0 || distinct < EVENTS) throw new Error(`${who}: ${refused} refused, ${EVENTS - distinct} lost, peak ${peak}`);
}

async function bench(name, env, engines) {
  const host = new BenchHost('push', { env: { ...env, ONEC_URL: onec.url } });
  try {
    await host.start();
    await through(host); // warm-up
    report(name, await alternate(() => through(host), plain), `journal changes, 1 process, ${engines}`);
  } finally {
    await host.remove();
  }
}

try {
  await bench('push-embedded', {}, 'embedded');
  const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
  try {
    const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
    await bench('push', env, 'RabbitMQ and Redis');
  } finally {
    await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
  }
} finally {
  await onec.stop();
}
