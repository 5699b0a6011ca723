import type { Clock } from '@sluice/plugin-api';

/** A signal that fires at a time, until it is cancelled. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Cancels the timer. Call it when the work has ended, or the timer waits until the deadline. */
  cancel(): void;
}

/**
 * Returns a signal that fires at the deadline. For a deadline that has passed, the signal has fired when the function returns.
 *
 * @param deadline milliseconds since 1970
 */
export function abortAt(clock: Clock, deadline: number): Deadline {
  const controller = new AbortController();
  const abort = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  const leftMs = deadline - clock.now();
  if (leftMs <= 0) {
    abort();
    return { signal: controller.signal, cancel: () => undefined };
  }
  const timer = clock.after(leftMs, abort);
  return { signal: controller.signal, cancel: () => timer.cancel() };
}
