import {
  startPostgres,
  startRabbit,
  startRedis,
  type PostgresServer,
  type RabbitServer,
  type RabbitServerOptions,
  type RedisServer,
} from '@sluice/testing';

/** The backends of the hosts of a test. */
export interface StartedEngines {
  /** Environment variables that select these backends. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Servers that the test has started: RabbitMQ, Redis and PostgreSQL. */
export interface Servers extends StartedEngines {
  readonly rabbit: RabbitServer;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
}

export async function startServers(options: RabbitServerOptions = {}): Promise<Servers> {
  const starts = [startRabbit(options), startRedis(), startPostgres()] as const;
  const [rabbit, redis, postgres] = await Promise.all(starts).catch(async (error: unknown) => {
    // a server that is left running keeps the process of the tests alive
    for (const start of await Promise.allSettled(starts)) if (start.status === 'fulfilled') await start.value.stop();
    throw error;
  });
  return {
    rabbit,
    redis,
    postgres,
    env: { SLUICE_RABBITMQ_URL: rabbit.url, SLUICE_REDIS_URL: redis.url, SLUICE_DATABASE_URL: postgres.url },
    stop: async () => {
      await Promise.all([rabbit.stop(), redis.stop(), postgres.stop()]);
    },
  };
}

/** One set of backends, for `describe.each`. */
export interface EngineSet {
  readonly name: string;
  /** Starts the servers of this set. */
  start(): Promise<StartedEngines>;
}

/** Servers of several hosts: PostgreSQL in any case. */
export interface SharedEngines extends StartedEngines {
  readonly postgres: PostgresServer;
}

/** The servers of several hosts, for `describe.each`: RabbitMQ, or the bus that is on PostgreSQL. */
export const sharedEngineSets: readonly { readonly name: string; start(): Promise<SharedEngines> }[] = [
  { name: 'RabbitMQ', start: startServers },
  {
    name: 'the bus on PostgreSQL',
    start: async () => {
      const postgres = await startPostgres();
      return { postgres, env: { SLUICE_DATABASE_URL: postgres.url }, stop: () => postgres.stop() };
    },
  },
];

const EMBEDDED: EngineSet = { name: 'the embedded default', start: async () => ({ env: {}, stop: async () => undefined }) };
const SERVERS: EngineSet = { name: 'RabbitMQ, Redis and PostgreSQL', start: startServers };

/** The embedded default, and the servers. */
export const engineSets: readonly EngineSet[] = [EMBEDDED, SERVERS];
