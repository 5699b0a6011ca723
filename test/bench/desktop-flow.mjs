// bench desktop-flow: what desktop clients SEND, through a flow, back to them by the mailbox, each acknowledged: at least once all the way. The
// time from SEND to MESSAGE at a steady 500/s; 20 sensors that say 100 a second each; 2,000 clients that say 10 a second each, for as many as
// the host bears. No rival. The clients and the clock are in this process, which has the machine's processors together with the host.
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { Talker } from './lib/talker.mjs';

const TICK_MS = 2;
const SETTLED_MS = 120_000;
const GUARANTEE = 'at least once, in the mailbox and acknowledged';
/** What a client of the crowd may have said and not heard: past the ceiling it waits, or the broker's confirms would come too late. */
const WINDOW = 1;

const LATENCY = { name: 'desktop-latency', clients: 50, rate: 500, seconds: 20 };
const SENSORS = { name: 'desktop-sensors', clients: 20, rate: 2_000, seconds: 5 };
const CROWD = { name: 'desktop-crowd', clients: 2_000, rate: 20_000, seconds: 30, window: WINDOW };

/** Says `rate` events a second in turn, each at the instant at which it is due, and waits until all have come back. */
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
  for (let number = 0; number < rate * seconds; number++) {
    const due = from + (number * 1000) / rate;
    while (performance.now() < due) await pause(Math.min(TICK_MS, due - performance.now()));
    // a loop that is never early must let the answers in
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
  if (missing.size > 0) throw new Error(`${missing.size} of ${said} have not come back`);
  taken.sort((a, b) => a - b);
  const at = (share) => taken[Math.floor(taken.length * share)];
  return { clients, asked: rate, said, lost: 0, repeats, sustained: said / took, p50: at(0.5), p99: at(0.99) };
}

async function bench(host, port, plan) {
  const result = await talk(host, port, plan);
  const { said, sustained, repeats } = result;
  const [p50, p99] = [result.p50, result.p99].map((ms) => ms.toFixed(1));
  record(
    plan.name,
    { guarantee: GUARANTEE, ...result },
    `${Math.round(sustained)}/s of ${plan.rate}/s from ${plan.clients} clients through a flow, p50 ${p50} ms, p99 ${p99} ms, ` +
      `${said} said, 0 lost, ${repeats} repeats, ${GUARANTEE}`,
  );
}

const [rabbit, redis, postgres, port] = await Promise.all([startRabbit(), startRedis(), startPostgres(), freePort()]);
const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
const host = new BenchHost('desktop-flow', { env: { ...env, SLUICE_STOMP_PORT: String(port) } });
try {
  await host.start();
  await talk(host, port, { clients: 50, rate: 500, seconds: 5 }); // warm
  for (const plan of [LATENCY, SENSORS, CROWD]) await bench(host, port, plan);
} finally {
  await host.remove();
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
