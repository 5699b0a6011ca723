import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 10;

/** Looks again and again, and gives true as soon as it is so; false when it was not in time. Rejects with the signal. */
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
