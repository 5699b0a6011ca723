import type { Clock } from '@sluice/plugin-api';

/** A signal that fires at a time, until it is cancelled. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Cancels the timer. Call it when the work has ended, or the timer waits until the deadline. */
  cancel(): void;
}

/**
 * Returns a signal that fires at the deadline, at once when it has passed.
 *
 * @param deadline milliseconds since 1970
 */
export function abortAt(clock: Clock, deadline: number): Deadline {
  const controller = new AbortController();
  const timer = clock.after(deadline - clock.now(), () =>
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
  );
  return { signal: controller.signal, cancel: () => timer.cancel() };
}
