import { isSluiceError, pause, type Closable, type Log, type Timer } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import { REOPEN, type Connection } from './connection.js';
import { messageOf } from '../message-of.js';

/** A source that has run for this time is considered accepted by the remote system. */
const SOURCE_WORKS_AFTER_MS = 15_000;

/**
 * Runs `use` with the connection's client until the signal fires. Whenever `use` ends or throws, the client is opened again with backoff.
 * An outage may last for days: the log contains each reason once, and not each attempt.
 */
export async function withReopening(
  connection: Connection,
  signal: AbortSignal,
  log: Log,
  use: (client: Closable, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  let told: string | undefined;
  const source = Symbol(connection.spec.name);
  for (let failures = 0; !signal.aborted; failures++) {
    const generation = new AbortController();
    const forget = connection.onLost((reason) => generation.abort(reason));
    const began = connection.clock.monotonic();
    let works: Timer | undefined;
    try {
      const client = await connection.client();
      works = connection.clock.after(SOURCE_WORKS_AFTER_MS, () => connection.setSourceRefusal(source, undefined));
      await use(client, AbortSignal.any([signal, generation.signal]));
      if (!signal.aborted) log.warn(`${connection.spec.name}: the source ended, subscribing again`);
    } catch (error) {
      const reason = messageOf(error);
      if (!signal.aborted)
        log[reason === told ? 'debug' : 'warn'](`${connection.spec.name}: the source was lost, subscribing again`, { reason });
      told = reason;
      if (works && isSluiceError(error) && error.fate === 'fatal') connection.setSourceRefusal(source, reason);
    } finally {
      works?.cancel();
      forget();
      generation.abort();
    }
    if (connection.clock.monotonic() - began > REOPEN.maxMs) {
      failures = 0;
      told = undefined;
    }
    await pause(connection.clock, Math.max(backoffMs(REOPEN, failures), connection.reopensInMs()), signal);
  }
  connection.setSourceRefusal(source, undefined);
}
