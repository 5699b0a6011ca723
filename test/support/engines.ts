import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import {
  startPostgres,
  startRabbit,
  startRedis,
  type PostgresServer,
  type RabbitServer,
  type RabbitServerOptions,
  type RedisServer,
} from '@sluice/testing';

/** What the hosts of a test run on. */
export interface StartedEngines {
  /** The variables that make a host use them. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** RabbitMQ, Redis and PostgreSQL of the test's own. */
export interface Servers extends StartedEngines {
  readonly rabbit: RabbitServer;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
}

export async function startServers(options: RabbitServerOptions = {}): Promise<Servers> {
  const [rabbit, redis, postgres] = await Promise.all([startRabbit(options), startRedis(), startPostgres()]);
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

/** One choice of engines, for `describe.each`. */
export interface EngineSet {
  readonly name: string;
  /** Starts what it needs. */
  start(): Promise<StartedEngines>;
}

const EMBEDDED: EngineSet = { name: 'the embedded default', start: async () => ({ env: {}, stop: async () => undefined }) };
const SERVERS: EngineSet = { name: 'RabbitMQ, Redis and PostgreSQL', start: startServers };

/** The embedded default always; the servers where their programs are installed. */
export const engineSets: readonly EngineSet[] = serversInstalled() ? [EMBEDDED, SERVERS] : [EMBEDDED];

/** Without the programs of the servers these tests are shown as skipped. */
export const describeServers = serversInstalled() ? describe : describe.skip;

/** A CI that quietly tests less than it says would be worse than a red one: there a missing server fails. */
function serversInstalled(): boolean {
  if (process.env['CI'] !== undefined) return true;
  const inPath = (program: string) => {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  return existsSync('/usr/lib/rabbitmq/lib') && existsSync('/usr/lib/postgresql') && inPath('redis-server');
}
