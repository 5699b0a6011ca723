import path from 'node:path';
import { postgresUrl, PostgresProcess } from '@sluice/embedded';
import { operatorSecret, readEnv, signOperatorToken, type Env } from '@sluice/host';
import { CommandError } from '../exit.js';
import { silent } from '../terminal/print.js';
import { HostApi } from './host-api.js';

/** Long enough for one command. */
const COMMAND_TTL_MS = 300_000;

/** The secret that the hosts sign the operator's tokens with: from the environment, or from their database. Throws when neither is at hand. */
export async function readOperatorSecret(env: Env): Promise<string> {
  if (env.SLUICE_TOKEN_SECRET !== undefined) return env.SLUICE_TOKEN_SECRET;
  // as heavy as all the rest, and not needed where the secret is given
  const { openStore } = await import('@sluice/store');
  const store = await openStore({ ...(await databaseOf(env)), log: silent });
  try {
    return await operatorSecret(env, store);
  } finally {
    await store.close();
  }
}

async function databaseOf(env: Env): Promise<{ url: string; engine: 'embedded' | 'postgresql' }> {
  if (env.SLUICE_DATABASE_URL !== undefined) return { url: env.SLUICE_DATABASE_URL, engine: 'postgresql' };
  const running = await PostgresProcess.attach(env.SLUICE_HOME);
  if (!running) {
    throw new CommandError(
      `no host runs here: the embedded database, which has the secret of tokens, is not running in ${path.resolve(env.SLUICE_HOME)}: run this in the folder in which the host was started, or start the host, or set SLUICE_TOKEN_SECRET`,
    );
  }
  return { url: postgresUrl(running), engine: 'embedded' };
}

export function hostUrl(env: Env): string {
  return env.SLUICE_URL ?? `http://127.0.0.1:${env.SLUICE_HTTP_PORT}`;
}

/** The host that commands ask: SLUICE_URL, or the one of this machine; with SLUICE_TOKEN, or a short-lived token of the operator. */
export async function openHostApi(env: Env = readEnv()): Promise<HostApi> {
  const token =
    env.SLUICE_TOKEN ??
    (await signOperatorToken(await readOperatorSecret(env), { sub: 'cli', scope: 'viewer admin', ttlMs: COMMAND_TTL_MS }));
  return new HostApi(hostUrl(env), token);
}
