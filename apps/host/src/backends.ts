import { EmbeddedBus } from '@sluice/embedded';
import type { Bus, Pacer, Store } from '@sluice/engine';
import { BullPacer } from '@sluice/pacer';
import { type Database, type Log, systemClock } from '@sluice/plugin-api';
import { ConnectionDatabase, openStore } from '@sluice/store';
import type { OpenDatabase } from './database.js';
import type { Env } from './env.js';
import type { Secrets } from './secrets.js';

export interface Backends {
  readonly bus: Bus;
  readonly pacer: Pacer;
  readonly store: Store;
  /** Opens the tables of a connection. */
  readonly tables: (connection: string) => Database;
  /** Names of the backends, on one line. */
  readonly summary: string;
  /** Closes all backends, the database last. */
  close(): Promise<void>;
}

/**
 * Opens the bus, the pacer and the store that the environment names; backends without a URL use the PostgreSQL of the store. The function
 * takes over the database and closes it with the backends, or when a backend cannot be opened.
 */
export async function openBackends(
  env: Env,
  database: OpenDatabase,
  options: { readonly hostId: string; readonly log: Log; readonly secrets: Secrets },
): Promise<Backends> {
  const { hostId, log, secrets } = options;
  const opened = [database.close];
  const close = async () => {
    for (const one of opened.splice(0).reverse())
      await one().catch((error: unknown) => log.warn('closing failed', { error: String(error) }));
  };
  try {
    secrets.add([database.url, env.SLUICE_RABBITMQ_URL, env.SLUICE_REDIS_URL].flatMap(passwordsIn));
    const store = await openStore({ url: database.url, engine: database.engine, log, clock: systemClock });
    opened.push(() => store.close());
    const bus = await openBus(env, database.url, { hostId, log, soleHost: database.engine === 'embedded' });
    opened.push(() => bus.close());
    const backend = env.SLUICE_REDIS_URL === undefined ? { postgres: database.url } : { redis: env.SLUICE_REDIS_URL };
    const pacer = new BullPacer({ leases: store.leases, hostId, backend, log, clock: systemClock });
    opened.push(() => pacer.close());
    const tables = new Map<string, ConnectionDatabase>();
    const tablesOf = (connection: string) => {
      const own = tables.get(connection) ?? new ConnectionDatabase({ url: database.url, connection, log, clock: systemClock });
      tables.set(connection, own);
      return own;
    };
    opened.push(async () => void (await Promise.all([...tables.values()].map((one) => one.close()))));
    return { bus, pacer, store, tables: tablesOf, summary: summaryOf(env), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openBus(
  env: Env,
  databaseUrl: string,
  options: { readonly hostId: string; readonly log: Log; readonly soleHost: boolean },
): Promise<Bus> {
  const { hostId, log, soleHost } = options;
  if (env.SLUICE_RABBITMQ_URL !== undefined) {
    const { RabbitBus } = await import('@sluice/rabbit');
    return RabbitBus.open({ url: env.SLUICE_RABBITMQ_URL, hostId, log, soleHost });
  }
  return EmbeddedBus.open({ connection: { connectionString: databaseUrl }, hostId, log });
}

function summaryOf(env: Env): string {
  const store = env.SLUICE_DATABASE_URL === undefined ? `embedded (PostgreSQL 18 in ${env.SLUICE_HOME})` : 'PostgreSQL';
  const onStore = env.SLUICE_DATABASE_URL === undefined ? 'embedded' : 'PostgreSQL';
  const bus = env.SLUICE_RABBITMQ_URL === undefined ? onStore : 'RabbitMQ';
  const pace = env.SLUICE_REDIS_URL === undefined ? onStore : 'Redis';
  return bus === onStore && pace === onStore ? `bus, pace, store ${store}` : `bus ${bus}, pace ${pace}, store ${store}`;
}

/** Returns the password of a URL, encoded and decoded. */
function passwordsIn(url: string | undefined): readonly string[] {
  if (url === undefined) return [];
  const { password } = new URL(url);
  return [password, decodeURIComponent(password)];
}
