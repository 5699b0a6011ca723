import type { Hop } from '../hop.js';
import type { PendingCall } from '../run-state.js';

/**
 * Returns the earliest end of the timeouts of a step and of the blocks around it.
 *
 * @param timeoutMs the step's own timeout in milliseconds; undefined without one
 * @param since start of the step in milliseconds since 1970
 */
export function deadlineOf(hop: Hop, timeoutMs: number | undefined, since: number): Pick<PendingCall, 'deadline' | 'deadlineOf'> {
  const own = timeoutMs === undefined ? Infinity : since + timeoutMs;
  const { earliest } = hop;
  if (earliest && earliest.deadline < own) return { deadline: earliest.deadline, deadlineOf: earliest.step };
  return own === Infinity ? {} : { deadline: own };
}
