import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedBus, PostgresProcess } from '@sluice/embedded';
import type { Bus } from '@sluice/engine';
import type { Flow } from '@sluice/flow';
import { systemClock } from '@sluice/plugin-api';
import { RabbitBus } from '@sluice/rabbit';
import { openStore } from '@sluice/store';
import { startPostgres, startRabbit, until } from '@sluice/testing';
import { MemoryBroker, MemoryDatabase } from '@sluice/memory';
import { flow, startOn, type TestEngineOptions } from './engine-harness.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
/** Longer than a minute: the next instant of a schedule may be that far away. */
const PATIENCE_MS = 90_000;
const TEST_TIMEOUT_MS = 300_000;

interface Backends {
  /** URL of PostgreSQL. */
  readonly database: string;
  openBus(): Promise<Bus>;
  restartBroker(): Promise<void>;
  stop(): Promise<void>;
}

async function startServers(): Promise<Backends> {
  const [rabbit, postgres] = await Promise.all([startRabbit(), startPostgres()]);
  return {
    database: postgres.url,
    openBus: () => RabbitBus.open({ url: rabbit.url, hostId: randomUUID(), log: silent }),
    restartBroker: () => rabbit.restart(),
    stop: async () => {
      await Promise.all([rabbit.stop(), postgres.stop()]);
    },
  };
}

async function startEmbedded(): Promise<Backends> {
  const home = await mkdtemp(path.join(tmpdir(), 'sluice-time-'));
  await chmod(home, 0o755);
  const server = await PostgresProcess.start({ home, log: silent });
  return {
    database: server.url,
    openBus: () => EmbeddedBus.open({ connection: server.connection, hostId: randomUUID(), log: silent }),
    restartBroker: async () => {
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      await until('the server to run again', () => server.pid !== pid);
    },
    stop: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function canOpen(backends: Backends): Promise<boolean> {
  try {
    await (await backends.openBus()).close();
    return true;
  } catch {
    return false;
  }
}

describe.each([
  ['RabbitMQ and PostgreSQL', startServers],
  ['the embedded PostgreSQL', startEmbedded],
])('on %s', (_name, startBackends) => {
  let backends: Backends;

  beforeAll(async () => {
    backends = await startBackends();
  });
  afterAll(() => backends?.stop());

  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
  });

  async function host(options: TestEngineOptions) {
    const store = await openStore({ url: backends.database, engine: 'postgresql', log: silent, clock: systemClock });
    const memory = { broker: new MemoryBroker(), database: new MemoryDatabase() };
    const machine = await startOn({ ...options, ...memory }, await backends.openBus(), store);
    running.push(machine);
    return machine;
  }

  it(
    'two hosts that fire one instant publish one id, and the schedule goes on',
    async () => {
      // an instant comes soon after the start of the first host, and another one a minute later
      const offsetMs = 60_000 - (Date.now() % 60_000) - 8_000;
      const clock = { ...systemClock, now: () => Date.now() + offsetMs };
      const flows = flow('night', "  - { id: told, emit: { type: told, data: '${{ trigger.data }}' } }\n");
      const trigger = { kind: 'schedule', cron: '* * * * *', timezone: 'UTC', missed: 'skip' } as const;
      const options = {
        flows,
        clock,
        edit: (one: Flow) => ({ ...one, trigger }),
      };

      const frozen = await host(options);
      let thaw: () => void = () => undefined;
      let instant: string | undefined;
      const advance = frozen.store.schedules.advance.bind(frozen.store.schedules);
      frozen.store.schedules.advance = async (...args) => {
        instant = args[1].toISOString();
        await new Promise<void>((resolve) => (thaw = resolve));
        return advance(...args);
      };
      await until('the first host to have published', () => instant !== undefined, PATIENCE_MS);
      const other = await host(options);
      const fired = () =>
        [...frozen.emitted, ...other.emitted].filter(
          ({ type, data }) => type === 'told' && (data as { scheduled: string }).scheduled === instant,
        );
      // its lease has expired
      await until('the other host to have fired the instant too', () => fired().length === 2, PATIENCE_MS);
      thaw();
      expect(new Set(fired().map(({ id }) => id)).size).toBe(1);
      await until('the row to follow', async () => {
        const row = await other.store.schedules.get('night');
        return row?.fired !== undefined && row.fired.toISOString() >= (instant ?? '');
      });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'an event of emit.after survives the end of its host and a restart of the broker, and is routed when it is due',
    async () => {
      const asker = flow(
        'order',
        "  - { id: later, emit: { type: reminder.due, data: '${{ trigger.data }}', after: 4s } }\n  - { id: lost, emit: { type: nobody.due, after: 4s } }\n",
      );
      const taker = `sluice: 1\nflow: remind\ntrigger: { use: event, with: { types: [reminder.due] } }\ndeliver: { expires: 1h }\nsteps:\n  - { id: told, emit: { type: reminder.told, data: '\${{ trigger.data }}' } }\n`;
      const first = await host({ flows: asker, watch: false });
      // the queue of the other test takes all types
      await first.bus.remove('watch');
      await first.publish('order.asked', { number: 7 });
      await first.ended('done');
      await first.stop();
      await backends.restartBroker();
      await until('the broker to run again', () => canOpen(backends), PATIENCE_MS);
      const second = await host({ flows: [asker, taker].join('---\n'), watch: false });
      await until('the reminder', () => second.outcomes.some((one) => one.flow === 'remind'), PATIENCE_MS);
      await until('the other event', () => second.unrouted.includes('nobody.due'), PATIENCE_MS);
      await until('it to be kept', async () =>
        (await second.bus.unrouted()).some(({ type, count }) => type === 'nobody.due' && count === 1),
      );
      expect(second.outcomes).toEqual([{ flow: 'remind', outcome: 'done' }]);
    },
    TEST_TIMEOUT_MS,
  );
});
