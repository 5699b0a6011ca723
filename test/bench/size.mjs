// bench size: memory of the host while many events, and some large ones, wait for a slow 1C.
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres, startRabbit, startRedis } from '../../libs/testing/dist/servers/index.js';
import { Emulator } from './lib/emulator.mjs';
import { record } from './lib/frame.mjs';
import { BenchHost } from './lib/host.mjs';
import { residentMiB } from './lib/processes.mjs';
import { inLoops, Sender } from './lib/sender.mjs';

const SMALL = { count: 20_000, body: JSON.stringify({ text: 'x'.repeat(1_000) }), loops: 50 };
const LARGE = { count: 200, body: JSON.stringify({ text: 'x'.repeat(2 * 1024 ** 2 - 1_024) }), loops: 4 };
const CALM_MS = 10_000;

async function bench(name, env, engines) {
  const onec = await Emulator.start({ maxCalls: 10, latency: '5s' });
  const host = new BenchHost('push', { env: { ...env, ONEC_URL: onec.url } });
  try {
    await host.start();
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, residentMiB(host.process) ?? 0)), 100);
    const sender = new Sender(host.url, await host.token(), SMALL.loops);
    for (const { count, body, loops } of [SMALL, LARGE]) {
      let sent = 0;
      await inLoops(
        loops,
        () => (sent++ < count ? true : undefined),
        () => sender.send('order.created', body),
      );
    }
    sender.close();
    // the host still works: hops of the last events, and garbage collection
    await pause(CALM_MS);
    clearInterval(watch);
    const resident = residentMiB(host.process);
    const queued = `${SMALL.count} events of 1 KB and ${LARGE.count} of 2 MB`;
    record(name, { resident, peak }, `resident ${resident} MiB, peak ${peak} MiB after ${queued}, ${engines}`);
  } finally {
    await host.remove();
    await onec.stop();
  }
}

await bench('size-embedded', {}, 'embedded');
const [rabbit, redis, postgres] = await Promise.all([startRabbit(), startRedis(), startPostgres()]);
try {
  const env = { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url };
  await bench('size', env, 'RabbitMQ and Redis');
} finally {
  await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
}
