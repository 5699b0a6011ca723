import { pause, type Clock, type Log } from '@sluice/plugin-api';
import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';

const READ_EVERY_MS = 2_000;

/**
 * Increases the version of all access rights. The first statement of each transaction that changes rights or keys: its lock makes the order
 * of the versions that of the commits. The changed rows then take the version.
 */
export const BUMP_ACCESS = statement<object>('bump access', `update access set version = version + 1 where $1::uuid is not null`);

/** The version that {@link BUMP_ACCESS} has set in this transaction. */
export const OWN_VERSION = '(select version from access)';

const READ_VERSION = 'select version from access';

/** Reads the version of all access rights. */
export async function accessVersion(tables: Pick<Tables, 'rows'>): Promise<string> {
  const [row] = await tables.rows<{ version: string }>(READ_VERSION);
  return row?.version ?? '0';
}

/**
 * Calls `changed` when access rights have changed on any host, at most 2 s after the commit, with the version before. A call that rejects is
 * repeated. While the database cannot be used there is no call; then no request is answered either.
 *
 * @param known the version that the caller has taken into account
 */
export function followAccess(
  tables: Pick<Tables, 'rows'>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
  known: string,
  changed: (before: string) => Promise<void>,
): void {
  void (async () => {
    for (let before = known; ;) {
      await pause(clock, READ_EVERY_MS, signal, { ref: false });
      if (signal.aborted) return;
      try {
        const version = await accessVersion(tables);
        if (version === before) continue;
        await changed(before);
        before = version;
      } catch (error) {
        log.debug('the version of the access rights cannot be read', { error: String(error) });
      }
    }
  })();
}
