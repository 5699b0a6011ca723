import { isSluiceError, type Idempotence } from '@sluice/plugin-api';
import type { CallEnd } from '../ports/pacer.js';
import { decideRetry, retryAfterOf, sentOf, type Verdict } from '../calls/retry.js';
import type { PendingCall } from '../runs/run-state.js';

/** In flight at so many breaker openings in a row, a push spends an attempt each further time: a poison event must not close the road. */
const FREE_OPENINGS = 3;
/** A refused connection means "too many" and not "down" while the other side answered so recently. */
const ALIVE_MS = 1_000;
/** Pushes whose breaker openings are counted: a push that moves to another host is forgotten here. */
const MAX_TRACKED_CALLS = 10_000;

/** What is known of a call that has failed. */
export interface FailedCall {
  readonly id: string;
  readonly call: PendingCall;
  readonly idempotent: Idempotence;
  readonly error: unknown;
  /** Calls of the connection that are open on this host, this one included. */
  readonly inFlight: number;
}

/** Says what follows from the errors of one connection's paced calls. */
export class PushJudge {
  /** Breaker openings that a push was in flight at, by its call id. */
  readonly #openings = new Map<string, { times: number; lastAt: number }>();
  #lastOkAt = 0;

  /** @param probeMs failures nearer to each other than half of this belong to one opening of the breaker */
  constructor(private readonly probeMs: number) {}

  succeeded(id: string): void {
    this.#lastOkAt = Date.now();
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
    if (sentOf(error) === 'no' && (inFlight > 1 || Date.now() - this.#lastOkAt < ALIVE_MS))
      return { kind: 'wait', why: 'overload' };
    if (this.#openingsOf(id) <= FREE_OPENINGS) return verdict;
    return call.attempt < call.policy.attempts ? { kind: 'again', error } : { kind: 'failed', error };
  }

  #openingsOf(id: string): number {
    const now = Date.now();
    const seen = this.#openings.get(id);
    const times = seen === undefined ? 1 : now - seen.lastAt < this.probeMs / 2 ? seen.times : seen.times + 1;
    if (this.#openings.size >= MAX_TRACKED_CALLS) this.#openings.clear();
    this.#openings.set(id, { times, lastAt: now });
    return times;
  }
}

/** What an error means for the pace. What may still run on the other side keeps its slot for as long again. */
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
