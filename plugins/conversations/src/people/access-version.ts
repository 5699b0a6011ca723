import { pause, type Clock, type Log } from '@sluice/plugin-api';
import type { Tables } from '../database/tables.js';

const READ_EVERY_MS = 2_000;

/**
 * Increases the version of all access rights. Part of the statement or transaction that locks somebody or changes a key, so that every host
 * notices it within 2 s.
 */
export const BUMP_ACCESS = 'update access set version = version + 1';

/**
 * Calls `changed` when access rights have changed on any host, at most 2 s after the commit. While the database cannot be used there is no
 * call; then no request is answered either.
 */
export function followAccess(
  tables: Pick<Tables, 'rows'>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
  changed: () => Promise<void>,
): void {
  void (async () => {
    let known: string | undefined;
    for (;;) {
      try {
        const [row] = await tables.rows<{ version: string }>('select version from access');
        if (row && row.version !== known) {
          // also after the first reading: somebody may have been cached before it
          await changed();
          known = row.version;
        }
      } catch (error) {
        log.debug('the version of the access rights cannot be read', { error: String(error) });
      }
      await pause(clock, READ_EVERY_MS, signal, { ref: false });
      if (signal.aborted) return;
    }
  })();
}
