import type { RevocationStore } from '@sluice/engine';
import { type Log, pause, systemClock } from '@sluice/plugin-api';
import type { Tokens } from './tokens.js';

const READ_EVERY_MS = 2_000;

/**
 * Reads the revoked tokens every 2 s until the signal aborts. While the database is unavailable the last result remains in effect.
 * Resolves after the first reading; rejects with `STORE_UNAVAILABLE` when that fails.
 */
export async function followRevocations(
  store: RevocationStore,
  tokens: Pick<Tokens, 'revoke'>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  tokens.revoke(await store.list());
  void (async () => {
    for (;;) {
      await pause(systemClock, READ_EVERY_MS, signal);
      if (signal.aborted) return;
      await store.list().then(
        (revocations) => tokens.revoke(revocations),
        (error: unknown) => log.debug('the revoked tokens cannot be read', { error: String(error) }),
      );
    }
  })();
}
