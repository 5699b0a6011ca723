import { PostgresProcess } from '@sluice/embedded';
import type { Log } from '@sluice/plugin-api';
import type { Env } from './env.js';
import { makeHome } from './home.js';

export interface OpenDatabase {
  readonly url: string;
  readonly engine: 'embedded' | 'postgresql';
  readonly close: () => Promise<void>;
}

/** Opens the configured PostgreSQL, or starts the embedded one when no PostgreSQL is configured. */
export async function openDatabase(env: Env, log: Log): Promise<OpenDatabase> {
  if (env.SLUICE_DATABASE_URL !== undefined)
    return { url: env.SLUICE_DATABASE_URL, engine: 'postgresql', close: async () => undefined };
  await makeHome(env.SLUICE_HOME);
  const postgres = await PostgresProcess.start({ home: env.SLUICE_HOME, log });
  return { url: postgres.url, engine: 'embedded', close: () => postgres.stop() };
}
