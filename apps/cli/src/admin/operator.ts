import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { postgresUrl, PostgresProcess } from '@sluice/embedded';
import { operatorSecret, readEnv, signOperatorToken, type Env } from '@sluice/host';
import { systemClock, type Clock } from '@sluice/plugin-api';
import { CommandError } from '../exit.js';
import { silent } from '../terminal/print.js';
import { HostApi, type TokenSource } from './host-api.js';

/** Validity of a token that a command signs. */
const TOKEN_TTL_MS = 300_000;

/** Returns the secret of the operator's tokens from the environment or from the database. Throws when both are unavailable. */
export async function readOperatorSecret(env: Env): Promise<string> {
  if (env.SLUICE_TOKEN_SECRET !== undefined) return env.SLUICE_TOKEN_SECRET;
  // loading the store takes as long as loading all other modules, and is needed only without the variable
  const { openStore } = await import('@sluice/store');
  const store = await openStore({ ...(await databaseOf(env)), log: silent, clock: systemClock });
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
      `no host runs here: the embedded database, which stores the secret of tokens, is not running in ${path.resolve(env.SLUICE_HOME)}: run this in the folder in which the host was started, or start the host, or set SLUICE_TOKEN_SECRET`,
    );
  }
  return { url: postgresUrl(running), engine: 'embedded' };
}

export function hostUrl(env: Env): string {
  return env.SLUICE_URL ?? `http://127.0.0.1:${env.SLUICE_HTTP_PORT}`;
}

/**
 * Returns the subject of the tokens that this program signs, which the audit log shows: `cli:<user>@<machine>`. A person who has the secret of
 * the operator can sign any subject.
 */
function commandUser(): string {
  return `cli:${systemUser()}@${hostname()}`;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // containers may run under a user without a name
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/**
 * Returns the tokens of one command. A token is valid for 5 min and a command may run for hours, so a new token is signed once the current
 * one is half used.
 */
export function commandTokens(secret: string, clock: Pick<Clock, 'monotonic'>): TokenSource {
  let token: Promise<string> | undefined;
  let signedAt = 0;
  return () => {
    const now = clock.monotonic();
    if (token && now - signedAt < TOKEN_TTL_MS / 2) return token;
    signedAt = now;
    return (token = signOperatorToken(secret, { sub: commandUser(), scope: 'viewer admin', ttlMs: TOKEN_TTL_MS }));
  };
}

/** Returns the API of the host at SLUICE_URL or on this machine. Uses SLUICE_TOKEN or short-lived tokens of the operator. */
export async function openHostApi(env: Env = readEnv()): Promise<HostApi> {
  return new HostApi(hostUrl(env), env.SLUICE_TOKEN ?? commandTokens(await readOperatorSecret(env), systemClock));
}
