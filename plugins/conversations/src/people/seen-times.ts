import type { Clock, DesktopPresence, Log } from '@sluice/plugin-api';
import type { Tables } from '../database/tables.js';

const WRITE_EVERY_MS = 60_000;
const MAX_WAITING = 10_000;

/** `$1` issuers, `$2` subs. A time that another host has just written stays. */
const WRITE = `
update person set seen_at = now()
from unnest($1::text[], $2::text[]) as seen (issuer, sub), application
where application.issuer = seen.issuer and person.application = application.id and person.sub = seen.sub
  and (person.seen_at is null or person.seen_at < now() - interval '1 minute')`;

/**
 * Writes the time at which people were last connected, once a minute for all whose sessions ended meanwhile. A crash loses the times of the
 * last minute.
 */
export function recordSeenTimes(
  presence: Pick<DesktopPresence, 'onChange'>,
  tables: Pick<Tables, 'rows'>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): void {
  const seen = new Set<string>();
  const write = async () => {
    if (seen.size === 0) return;
    const users = [...seen].map((user) => [user.slice(0, user.indexOf('/')), user.slice(user.indexOf('/') + 1)] as const);
    seen.clear();
    await tables
      .rows(WRITE, [users.map(([issuer]) => issuer), users.map(([, sub]) => sub)])
      .catch((error: unknown) => log.debug('the times of the last sessions cannot be written', { error: String(error) }));
  };
  presence.onChange(({ kind, user, sessions }) => {
    if (kind === 'disconnected' && sessions === 0 && seen.size < MAX_WAITING) seen.add(user);
  }, signal);
  const timer = clock.every(WRITE_EVERY_MS, () => void write()).unref();
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}
