// bench hop: takes an event from a queue, filters, maps, publishes confirmed, acknowledges; against rivals/plain-hop.mjs on the same
// broker, and beside the same work on @golevelup/nestjs-rabbitmq and on the RabbitMQ transport of NestJS. They promise less: the bench
// prints the guarantees of each program.
import { installOwn } from '../../scripts/lib/own-packages.mjs';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { alternate, median, medianOf, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { checkMapped, Orders } from './lib/orders.mjs';
import { cpuSeconds, end, RIVALS, startNode } from './lib/processes.mjs';

const MESSAGES = 60_000;
/** Messages at the beginning that are not measured: the programs start and compile their code. */
const WARM = 10_000;
const IN = { ours: 'flow.hop', plain: 'plain.in', golevelup: 'golevelup.in', nestjs: 'nestjs.in' };
const OUT = { ours: 'ours.out', plain: 'plain.out', golevelup: 'golevelup.out', nestjs: 'nestjs.out' };
/** The hand-written programs. `wrap` and `unwrap`: the envelope of NestJS, which its transport requires. */
const PROGRAMS = {
  plain: { script: `${RIVALS}plain-hop.mjs` },
  golevelup: { script: `${RIVALS}golevelup/golevelup-hop.mjs` },
  nestjs: {
    script: `${RIVALS}nestjs-rmq-hop.mjs`,
    wrap: (order) => `{"pattern":"order.created","data":${order}}`,
    unwrap: ({ data }) => data,
  },
};
/**
 * Read in the source of each program and its library. Event attributes: id, type, source, time and content type of each output. Same ids:
 * an input that is delivered twice has outputs with the same id, so that a receiver can recognise the second one.
 */
const GUARANTEES = {
  ours: guarantees(
    'yes',
    'yes, also correlation, cause and number of hops',
    'yes',
    'parked with its error, replayable',
    'optional, by key',
  ),
  plain: guarantees('yes', 'yes', 'yes', 'no: the process ends', 'no'),
  golevelup: guarantees('yes', 'no', 'no', 'no: an input whose handler fails returns to its queue at once', 'no'),
  nestjs: guarantees('yes', 'no', 'no', 'no: an input whose handler fails stays unacknowledged', 'no'),
};

const installed = await installOwn(`${RIVALS}golevelup/`);
if (installed.code !== 0) throw new Error(`npm ci in test/bench/rivals/golevelup failed: ${installed.output}`);
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
  const { numbers, messages } = await orders.mapped(OUT[side], PROGRAMS[side]?.unwrap);
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

async function rival(side) {
  const { script, wrap } = PROGRAMS[side];
  await orders.fresh(IN[side]);
  await orders.fresh(OUT[side]);
  await orders.fill(IN[side], MESSAGES, { wrap });
  const { child, ready } = startNode([script, rabbit.url, IN[side], OUT[side]]);
  await ready;
  const measured = await measure(side, child);
  await end(child);
  await check(side);
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

function guarantees(confirmed, attributes, sameIds, failed, dedupe) {
  return {
    'acknowledged after the confirm': confirmed,
    'event attributes': attributes,
    'same ids': sameIds,
    'failed input kept': failed,
    deduplication: dedupe,
  };
}

/** Returns the medians of one program: its rate, and that of plain ÷ its own time, by the clock and by processor time. */
function summary(rounds, side) {
  const cpuName = side === 'ours' ? 'ourCpuMicros' : `${side}CpuMicros`;
  const [perSecond, cpuMicros] = [medianOf(rounds, side), medianOf(rounds, cpuName)];
  return {
    'messages/s': Math.round(perSecond),
    'plain time ÷ its time': ratio(rounds.map((round) => round[side] / round.plain)),
    ...(cpuMicros !== undefined && {
      'µs of CPU per message': cpuMicros,
      'plain CPU ÷ its CPU': ratio(rounds.map((round) => round.plainCpuMicros / round[cpuName])),
    }),
  };
}

const ratio = (ratios) => Number(median(ratios).toFixed(2));

try {
  const result = await alternate(ours, () => rival('plain'), undefined, {
    golevelup: () => rival('golevelup'),
    nestjs: () => rival('nestjs'),
  });
  const programs = Object.fromEntries(Object.keys(IN).map((side) => [side, summary(result.rounds, side)]));
  const repeated = await killed();
  console.log(`killed half-way: 0 lost, ${repeated} of ${MESSAGES / 2} repeated under their ids`);
  console.table(GUARANTEES);
  console.table(programs);
  report('hop', { ...result, programs, killed: { lost: 0, repeated } }, 'journal changes, 1 process');
} finally {
  await host.remove();
  await orders.close();
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
