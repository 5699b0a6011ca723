import { isSluiceError, type Idempotence, type Clock } from '@sluice/plugin-api';
import type { CallEnd } from '../ports/pacer.js';
import { decideRetry, retryAfterOf, sentOf, type Verdict } from '../calls/retry.js';
import type { PendingCall } from '../runs/run-state.js';

/**
 * Maximum consecutive breaker openings at which a push may be in flight without spending an attempt. Without this limit one poison event
 * could keep the breaker open without end.
 */
const FREE_OPENINGS = 3;
/** A refused connection means "too many calls" and not "down" when the remote system answered within this time. */
const ALIVE_MS = 1_000;
/** Maximum pushes whose breaker openings are counted on this host. */
const MAX_TRACKED_CALLS = 10_000;

/** A call that has failed. */
export interface FailedCall {
  readonly id: string;
  readonly call: PendingCall;
  readonly idempotent: Idempotence;
  readonly error: unknown;
  /** Calls of the connection that are open on this host, this one included. */
  readonly inFlight: number;
}

/** Decides how the engine reacts to the errors of one connection's paced calls. */
export class PushErrorPolicy {
  /** Number of breaker openings at which a push was in flight, by call id. */
  readonly #openings = new Map<string, { times: number; lastAt: number }>();
  #lastOkAt = -Infinity;

  /** @param probeMs interval of probes in milliseconds; failures less than half of it apart belong to one opening of the breaker */
  constructor(
    private readonly probeMs: number,
    private readonly clock: Clock,
  ) {}

  succeeded(id: string): void {
    this.#lastOkAt = this.clock.monotonic();
    this.#openings.delete(id);
  }

  verdict({ id, call, idempotent, error, inFlight }: FailedCall): Verdict {
    const verdict = decideRetry(error, {
      attempt: call.attempt,
      attempts: call.policy.attempts,
      idempotent,
      spares: true,
      where: `${call.plugin}.${call.action}`,
    });
    if (verdict.kind !== 'wait' || verdict.why !== 'unavailable') return verdict;
    if (sentOf(error) === 'no' && (inFlight > 1 || this.clock.monotonic() - this.#lastOkAt < ALIVE_MS))
      return { kind: 'wait', why: 'overload' };
    if (this.#openingsOf(id) <= FREE_OPENINGS) return verdict;
    return call.attempt < call.policy.attempts ? { kind: 'again', error } : { kind: 'failed', error };
  }

  #openingsOf(id: string): number {
    const now = this.clock.monotonic();
    const seen = this.#openings.get(id);
    const times = seen === undefined ? 1 : now - seen.lastAt < this.probeMs / 2 ? seen.times : seen.times + 1;
    if (this.#openings.size >= MAX_TRACKED_CALLS) this.#openings.clear();
    this.#openings.set(id, { times, lastAt: now });
    return times;
  }
}

/** Returns the end of a failed call for the pace. A call that may still run in the remote system keeps its slot for as long again. */
export function paceEnd(error: unknown, ms: number): CallEnd {
  const fate = isSluiceError(error) ? error.fate : 'retry';
  const retryAfterMs = retryAfterOf(error);
  const end = { ms, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  const sent = sentOf(error);
  switch (fate) {
    case 'overload':
      return { ...end, result: 'overload' };
    case 'unavailable':
      return { ...end, result: 'unavailable', ...(sent === 'unknown' && { lingerMs: ms }) };
    case 'retry':
      return sent === 'unknown' ? { ...end, result: 'unknown', lingerMs: ms } : { ...end, result: 'other' };
    case 'rejected':
    case 'fatal':
      return { ...end, result: sent === 'no' ? 'other' : 'ok' };
  }
}
