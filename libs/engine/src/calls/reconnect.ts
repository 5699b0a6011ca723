import { isSluiceError, pause, type Closable, type Log, type Timer } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import { RECONNECT_BACKOFF, type Connection } from './connection.js';
import { messageOf } from '../message-of.js';

/** A source that has run for this time is considered accepted by the remote system. */
const SOURCE_ACCEPTED_AFTER_MS = 15_000;

/**
 * Runs `use` with the connection's client until the signal fires. When `use` ends or throws, the client is opened again after a backoff.
 * An outage may last for days: the log contains each reason once, and not each attempt. Never rejects.
 */
export async function withReconnect(
  connection: Connection,
  signal: AbortSignal,
  log: Log,
  use: (client: Closable, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let loggedReason: string | undefined;
  const source = Symbol(connection.spec.name);
  for (let failures = 0; !signal.aborted; failures++) {
    const generation = new AbortController();
    const forget = connection.onLost((reason) => generation.abort(reason));
    const began = connection.clock.monotonic();
    let works: Timer | undefined;
    try {
      const client = await connection.client();
      works = connection.clock.after(SOURCE_ACCEPTED_AFTER_MS, () => connection.setSourceRefusal(source, undefined));
      await use(client, AbortSignal.any([signal, generation.signal]));
      if (!signal.aborted) log.warn(`${connection.spec.name}: the source ended, subscribing again`);
    } catch (error) {
      const reason = messageOf(error);
      if (!signal.aborted)
        log[reason === loggedReason ? 'debug' : 'warn'](`${connection.spec.name}: the source was lost, subscribing again`, {
          reason,
        });
      loggedReason = reason;
      if (works && isSluiceError(error) && error.fate === 'fatal') connection.setSourceRefusal(source, reason);
    } finally {
      works?.cancel();
      forget();
      generation.abort();
    }
    if (connection.clock.monotonic() - began > RECONNECT_BACKOFF.maxMs) {
      failures = 0;
      loggedReason = undefined;
    }
    await pause(connection.clock, Math.max(backoffMs(RECONNECT_BACKOFF, failures), connection.backoffLeftMs()), signal);
  }
  connection.setSourceRefusal(source, undefined);
}
