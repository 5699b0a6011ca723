import { setTimeout as pause } from 'node:timers/promises';

/** Long enough for a busy machine, and less than a test may take, so that a test says what it waited for. */
export const PATIENCE_MS = 50_000;
/** For the start and the end of servers and hosts together. */
export const START_TIMEOUT_MS = 240_000;

/** Resolves with the first result that is neither undefined nor false; rejects with what it waited for, and what stood in the way. */
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
