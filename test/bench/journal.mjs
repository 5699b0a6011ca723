// bench journal: what "journal: full" costs, as the ratio of the same flow with it and with "changes", on RabbitMQ and PostgreSQL; and how many of the
// records were stored.
import pg from 'pg';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { drained, MESSAGES } from './lib/drained.mjs';
import { alternate, report } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { Orders } from './lib/orders.mjs';

/** The event, the outputs of two steps, the emitted event, the end. */
const RECORDS_PER_RUN = 5;

const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
const host = new BenchHost('journal', { env, roles: 'flows' });
const orders = await Orders.open(rabbit.url);
const database = new pg.Client({ connectionString: postgres.url });
await database.connect();
const kept = [];

/** Returns the rate with `journal: full`, and counts the records that were stored in the round. */
async function full() {
  await database.query('truncate sluice.step_record, sluice.recorded_value').catch(() => undefined); // no table before the first start
  const measured = await drained({ host, orders }, 'full');
  const { rows } = await database.query('select count(*)::int as count from sluice.step_record');
  kept.push(rows[0].count / (MESSAGES * RECORDS_PER_RUN));
  return measured;
}

try {
  const result = await alternate(full, () => drained({ host, orders }, 'changes'), 3);
  const share = kept.map((one) => `${Math.round(100 * one)} %`).join(', ');
  report('journal', { ...result, kept }, `journal full ÷ changes, 1 process; records stored: ${share}`);
} finally {
  await database.end();
  await host.remove();
  await orders.close();
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
