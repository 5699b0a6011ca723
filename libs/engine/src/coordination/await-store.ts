import { isSluiceError, pause, type Clock } from '@sluice/plugin-api';
import { OUTAGE_PAUSE_MS } from '@sluice/runtime';

/** A hop waits for the database for this many milliseconds, and holds its delivery. Then it is handed back with a durable delay. */
const MAX_HELD_MS = 60_000;

/**
 * Repeats the work while the database is unavailable. A delivery that goes back to its queue at once would count as the death of its host, and
 * after some of them as poison.
 *
 * @throws STORE_UNAVAILABLE after a minute, or when the signal has fired; all other errors of the work at once
 */
export async function awaitStore<Result>(clock: Clock, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  for (const began = clock.monotonic(); ;) {
    try {
      return await work();
    } catch (error) {
      if (!isStoreUnavailable(error) || signal.aborted || clock.monotonic() - began >= MAX_HELD_MS) throw error;
      await pause(clock, OUTAGE_PAUSE_MS, signal);
    }
  }
}

/** Returns whether the error means that the database cannot be used now. */
export function isStoreUnavailable(error: unknown): boolean {
  return isSluiceError(error) && error.code === 'STORE_UNAVAILABLE';
}
