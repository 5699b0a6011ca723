// bench desktop-flow: SEND frames of desktop clients pass a flow and the mailbox and return to the clients, each acknowledged: at least
// once from end to end. Measures the time from SEND to MESSAGE at a steady 500/s, 20 sensors with 100 events/s each, 2,000 clients with
// 10 events/s each, as far as the host keeps up, and the same at half of the rate that was reached; on RabbitMQ, Redis and PostgreSQL, then on
// the embedded default. No rival. Clients and clock run in this process, which shares the processors with the host.
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../libs/runtime/dist/index.js';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { cpuSeconds } from './lib/processes.mjs';
import { Talker } from './lib/talker.mjs';

const TICK_MS = 2;
const SETTLED_MS = 120_000;
const GUARANTEE = 'at least once, in the mailbox and acknowledged';
/**
 * Maximum number of events that a client of the crowd has sent and not received. Above the ceiling it waits, or the broker's confirms would
 * be late.
 */
const WINDOW = 1;

const LATENCY = { name: 'desktop-latency', clients: 50, rate: 500, seconds: 20 };
const SENSORS = { name: 'desktop-sensors', clients: 20, rate: 2_000, seconds: 5 };
const CROWD = { name: 'desktop-crowd', clients: 2_000, rate: 20_000, seconds: 30, window: WINDOW };

/** Sends `rate` events per second in turn, each at its due time, and waits until all have returned. */
async function talk(host, port, { clients, rate, seconds, window = Infinity }) {
  const missing = new Set();
  const taken = [];
  let repeats = 0;
  let error;
  const failed = (one) => (error ??= one);
  const heard = ({ number, at }) => {
    if (missing.delete(number)) taken.push(performance.now() - at);
    else repeats++;
  };
  const talkers = await Promise.all(
    Array.from({ length: clients }, async (_, n) => {
      const user = `user${n}`;
      return Talker.connect(port, user, await host.token({ sub: user, scope: 'desktop events:write' }), { heard, failed });
    }),
  );
  const from = performance.now();
  let said = 0;
  for (let number = 0; number < Math.floor(rate * seconds); number++) {
    const due = from + (number * 1000) / rate;
    while (performance.now() < due) await pause(Math.min(TICK_MS, due - performance.now()));
    // if the loop is never early, it has to yield so that answers can arrive
    if (number % clients === 0) await pause(0);
    if (error || performance.now() - from > seconds * 1000) break;
    const talker = talkers[number % clients];
    if (talker.waiting >= window) continue;
    missing.add(number);
    talker.say(number, due);
    said++;
  }
  const until = performance.now() + SETTLED_MS;
  while (!error && missing.size > 0 && performance.now() < until) await pause(TICK_MS);
  const took = (performance.now() - from) / 1000;
  for (const talker of talkers) talker.leave();
  if (error) throw error;
  if (missing.size > 0) throw new Error(`${missing.size} of ${said} events have not returned`);
  taken.sort((a, b) => a - b);
  const at = (share) => taken[Math.floor(taken.length * share)];
  return { clients, asked: rate, said, lost: 0, repeats, sustained: said / took, p50: at(0.5), p99: at(0.99) };
}

/** @param servers the processes whose time is measured, by name: the host, and servers with their child processes. */
async function bench(host, port, plan, engines, servers) {
  const before = cpuOf(host, servers);
  const result = await talk(host, port, plan);
  const after = cpuOf(host, servers);
  const micros = Object.entries(after).map(([name, cpu]) => [name, ((cpu - before[name]) * 1e6) / result.said]);
  const { said, sustained, repeats } = result;
  const [p50, p99] = [result.p50, result.p99].map((ms) => ms.toFixed(1));
  const times = micros.map(([name, us]) => `${name} ${us.toFixed(0)} us`).join(', ');
  record(
    plan.name,
    { guarantee: GUARANTEE, engines, ...result, cpuMicros: Object.fromEntries(micros) },
    `${engines}: ${Math.round(sustained)}/s of ${Math.round(plan.rate)}/s from ${plan.clients} clients through a flow, p50 ${p50} ms, p99 ${p99} ms, ` +
      `${said} said, 0 lost, ${repeats} repeats, ${times} of processor time each, ${GUARANTEE}`,
  );
  return result;
}

/** Returns processor seconds by name, of the host and of the servers. */
function cpuOf(host, servers) {
  const seconds = Object.entries(servers).map(([name, server]) => [name, cpuSeconds(server, { tree: true })]);
  return { host: cpuSeconds(host.process), ...Object.fromEntries(seconds) };
}

async function benchAll(engines, env, servers = {}) {
  const port = await freePort();
  const host = new BenchHost('desktop-flow', { env: { ...env, SLUICE_STOMP_PORT: String(port) } });
  try {
    await host.start();
    await talk(host, port, { clients: 50, rate: 500, seconds: 5 }); // warm-up
    for (const plan of [LATENCY, SENSORS]) await bench(host, port, plan, engines, servers);
    const { sustained } = await bench(host, port, CROWD, engines, servers);
    await bench(host, port, { ...CROWD, name: 'desktop-half', rate: sustained / 2, window: Infinity }, engines, servers);
  } finally {
    await host.remove();
  }
}

const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres({ fsync: true })]);
const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
try {
  await benchAll('RabbitMQ and PostgreSQL', env, { postgres });
} finally {
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
await benchAll('embedded', {});
