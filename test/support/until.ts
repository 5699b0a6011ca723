import { setTimeout as pause } from 'node:timers/promises';

/** Default timeout. It is long enough for a busy machine, and shorter than the timeout of a test, so that the error names the condition. */
export const PATIENCE_MS = 50_000;
/** Timeout for starting or stopping servers and hosts. */
export const START_TIMEOUT_MS = 240_000;

/** Polls until the result is neither undefined nor false, and resolves with it. A timeout error contains `what` and the last error. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let trouble = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      trouble = `, last: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for: ${what}${trouble}`);
    await pause(20);
  }
}
