// bench hop: takes an event from a queue, filters, maps, publishes confirmed, acknowledges; against rivals/plain-hop.mjs on the same
// broker.
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { alternate, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { checkMapped, Orders } from './lib/orders.mjs';
import { cpuSeconds, end, RIVALS, startNode } from './lib/processes.mjs';

const MESSAGES = 60_000;
/** Messages at the beginning that are not measured: the programs start and compile their code. */
const WARM = 10_000;
const IN = { ours: 'flow.hop', plain: 'plain.in' };
const OUT = { ours: 'ours.out', plain: 'plain.out' };

const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
const host = new BenchHost('hop', { env, roles: 'flows' });
const orders = await Orders.open(rabbit.url);

/** Returns one program's rate and its processor time per message, from a full input queue to the last output. */
async function measure(side, process) {
  const from = await orders.holds(OUT[side], WARM / 2);
  const cpu = cpuSeconds(process);
  const until = await orders.holds(OUT[side], MESSAGES / 2);
  const count = MESSAGES - WARM;
  const used = cpu === undefined ? undefined : Math.round(((cpuSeconds(process) - cpu) / count) * 1e7) / 10;
  return { count, seconds: (until - from) / 1000, ...(used !== undefined && { cpuMicros: used }) };
}

async function check(side) {
  const { numbers, messages } = await orders.mapped(OUT[side]);
  checkMapped(side, numbers, MESSAGES);
  return messages - numbers.size;
}

async function prepareOurs() {
  await orders.freshForFlow(IN.ours, 'order.created');
  await orders.fresh(OUT.ours);
  await orders.collect(OUT.ours, 'order.mapped');
  await orders.fill(IN.ours, MESSAGES);
}

async function ours() {
  await prepareOurs();
  await host.start();
  const measured = await measure('ours', host.process);
  await host.stop();
  await check('ours');
  return measured;
}

async function plain() {
  await orders.fresh(IN.plain);
  await orders.fresh(OUT.plain);
  await orders.fill(IN.plain, MESSAGES);
  const { child, ready } = startNode([`${RIVALS}plain-hop.mjs`, rabbit.url, IN.plain, OUT.plain]);
  await ready;
  const measured = await measure('plain', child);
  await end(child);
  await check('plain');
  return measured;
}

/** Verifies that no order is lost when the host is killed half-way; returns how many orders were published twice. */
async function killed() {
  await prepareOurs();
  await host.start();
  await orders.holds(OUT.ours, MESSAGES / 4);
  await host.kill();
  // A host that stops hands back the events it has not begun, so the queue can fill again after it was empty.
  do {
    await host.start();
    await orders.emptied(IN.ours);
    await host.stop();
  } while (await orders.isFilled(IN.ours));
  return check('ours');
}

try {
  const result = await alternate(ours, plain);
  const repeated = await killed();
  console.log(`killed half-way: 0 lost, ${repeated} of ${MESSAGES / 2} repeated under their ids`);
  report('hop', { ...result, killed: { lost: 0, repeated } }, 'journal changes, 1 process');
} finally {
  await host.remove();
  await orders.close();
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
