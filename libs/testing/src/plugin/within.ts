/** Enough for a fake in this process, also on a busy machine. */
export const STEP_MS = 5_000;
/** For starting a fake and logging in to it. */
export const START_MS = 30_000;

/**
 * Waits for one step of a contract test.
 *
 * @param missing what did not happen, for the error, such as `peer.hang() did not resolve: no call came`
 * @returns what `work` resolves with
 * @throws what `work` rejects with; an error with `missing` when it has not settled after `limitMs`
 */
export async function within<T>(missing: string, work: T | PromiseLike<T>, limitMs = STEP_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${missing} (waited ${limitMs / 1_000} s)`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
