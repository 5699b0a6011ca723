// bench flow-blocks: what blocks cost, as ratios within one run: a loop beside the same steps written out, keyed delivery beside unkeyed, both on
// RabbitMQ; and the milliseconds that a call of another flow adds, on the embedded default.
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { drained } from './lib/drained.mjs';
import { alternate, median, record, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { Orders } from './lib/orders.mjs';

const REQUESTS = 300;
const WARM_REQUESTS = 50;

const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
const host = new BenchHost('flow-blocks', { env, roles: 'flows' });
const orders = await Orders.open(rabbit.url);

/** Returns the median duration of a request in milliseconds. */
async function answered(embedded, path) {
  const headers = { authorization: `Bearer ${await embedded.token()}`, 'content-type': 'application/json' };
  const times = [];
  for (let n = 0; n < WARM_REQUESTS + REQUESTS; n++) {
    const from = performance.now();
    const response = await fetch(`${embedded.url}${path}`, { method: 'POST', headers, body: JSON.stringify({ n }) });
    const data = await response.json();
    if (data.n !== n) throw new Error(`${path} answered ${response.status} ${JSON.stringify(data)}`);
    if (n >= WARM_REQUESTS) times.push(performance.now() - from);
  }
  return median(times);
}

async function calls() {
  const embedded = new BenchHost('flow-blocks');
  try {
    await embedded.start();
    const rounds = [];
    for (let round = 0; round < 3; round++)
      rounds.push({ directMs: await answered(embedded, '/in/direct'), calledMs: await answered(embedded, '/in/called') });
    const added = median(rounds.map(({ directMs, calledMs }) => calledMs - directMs));
    record('flow-call', { rounds, added }, `adds ${added.toFixed(1)} ms to a request, embedded`);
  } finally {
    await embedded.remove();
  }
}

try {
  report(
    'flow-loop',
    await alternate(
      () => drained({ host, orders }, 'loop'),
      () => drained({ host, orders }, 'written'),
      3,
    ),
    'a loop of 10 steps ÷ 10 steps written out',
  );
  report(
    'flow-keyed',
    await alternate(
      () => drained({ host, orders }, 'keyed'),
      () => drained({ host, orders }, 'unkeyed'),
      3,
    ),
    '1,000 keys ÷ no key',
  );
  await calls();
} finally {
  await host.remove();
  await orders.close();
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
