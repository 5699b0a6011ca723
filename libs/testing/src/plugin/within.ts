/** Timeout of a step of a fake in this process, long enough for a busy machine. */
export const STEP_MS = 5_000;
/** Timeout for starting a fake and logging in to it. */
export const START_MS = 30_000;

/**
 * Waits for one step of a contract test.
 *
 * @param missing the step that did not happen, for the error, such as `peer.hang() did not resolve: no call came`.
 * @returns the result of `work`.
 * @throws the error of `work`, or an error with `missing` after `limitMs`.
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
