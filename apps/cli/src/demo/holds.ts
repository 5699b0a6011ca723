import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 10;

/** Polls until the condition is true and resolves with true, or with false after the time. Rejects when the signal aborts. */
export async function holds(
  is: () => boolean | Promise<boolean>,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!(await is())) {
    if (performance.now() > until) return false;
    await pause(LOOK_MS, undefined, { signal });
  }
  return true;
}
