// bench flow-blocks: what blocks cost, as ratios within one run on RabbitMQ: a loop beside the same steps written out, keyed delivery beside
// unkeyed, the events of 500 keys beside one key that has half of all events, a flow that is reloaded every three seconds beside one that
// is not; and the milliseconds that a call of another flow adds, on the embedded default.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { drained, MESSAGES } from './lib/drained.mjs';
import { alternate, median, record, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { Orders } from './lib/orders.mjs';

/** Enough for several reloads. */
const RELOADED_MESSAGES = 100_000;
const RELOAD_EVERY_MS = 3_000;
const REQUESTS = 300;
const WARM_REQUESTS = 50;

const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
const host = new BenchHost('flow-blocks', { env, roles: 'flows' });
const orders = await Orders.open(rabbit.url);

/** Measures the events of 500 keys, which are half of all events. The other half has one key, or 500 others. */
async function hotKey() {
  // events of the other half have outputs too, as their runs do the same work
  await orders.fresh('out.others');
  for (const flow of ['hot', 'even']) await orders.collect('out.others', `${flow}.other`);
  const ofHalf = (flow) => drained({ host, orders }, flow, { outputs: MESSAGES / 2 });
  report(
    'flow-hot-key',
    await alternate(
      () => ofHalf('hot'),
      () => ofHalf('even'),
      3,
    ),
    'one key has half of the events ÷ no such key',
  );
}

/** Measures a flow that changes while it runs. */
async function reloads() {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-bench-reload-'));
  mkdirSync(path.join(folder, 'flows'));
  const write = (n) =>
    writeFileSync(
      path.join(folder, 'flows', 'reloaded.yaml'),
      `sluice: 1\nflow: reloaded\ntrigger: { use: event, with: { types: [reloaded.asked] } }\nsteps:\n` +
        `  - { id: revision, set: ${n} }\n  - { id: done, emit: { type: reloaded.done, data: { orderId: '\${{ trigger.data.id }}' } } }\n`,
    );
  writeFileSync(path.join(folder, 'sluice.yaml'), 'sluice: 1\nplugins: []\n');
  write(0);
  const on = new BenchHost(folder, { env, roles: 'flows' });
  let revision = 0;
  const reloading = () => {
    const timer = setInterval(() => {
      write(++revision);
      on.process.kill('SIGHUP');
    }, RELOAD_EVERY_MS);
    return () => clearInterval(timer);
  };
  const round = (meanwhile) => drained({ host: on, orders }, 'reloaded', { messages: RELOADED_MESSAGES, meanwhile });
  try {
    report(
      'flow-reload',
      await alternate(
        () => round(reloading),
        () => round(),
        3,
      ),
      `a reload every ${RELOAD_EVERY_MS / 1000} s ÷ none`,
    );
    if (revision === 0) throw new Error('the rounds were too short for a reload');
  } finally {
    await on.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

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
  await hotKey();
  await reloads();
  await calls();
} finally {
  await host.remove();
  await orders.close();
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
