import { engineFail, isSluiceError, type Idempotence, type Sent, type SluiceError } from '@sluice/plugin-api';
import type { RetryPolicy } from '@sluice/flow';
import { backoffMs } from '@sluice/runtime';
import { messageOf } from '../message-of.js';
import type { PendingCall } from '../runs/run-state.js';

/** Bounds of the pauses of a push that waits without spending an attempt. */
const WAIT = { firstMs: 1_000, maxMs: 30_000 };

/**
 * Returns the pause in milliseconds before attempt `attempt + 1`: doubled each time, or fixed, with ±20 % jitter. A longer Retry-After
 * wins.
 */
export function attemptPauseMs(policy: RetryPolicy, attempt: number, retryAfterMs = 0, random?: () => number): number {
  const { initialMs: firstMs, maxMs } = policy;
  return Math.max(backoffMs({ firstMs, maxMs }, policy.backoff === 'fixed' ? 0 : attempt - 1, random), retryAfterMs);
}

/** Returns the pause in milliseconds of a push that waits without spending an attempt: 1 s to 30 s with ±20 % jitter. */
export function waitMs(waits: number, retryAfterMs = 0, random?: () => number): number {
  return Math.max(backoffMs(WAIT, waits, random), retryAfterMs);
}

/**
 * Returns the pause before the next attempt. After an unknown outcome it is at least as long as the call took, because the call may still
 * run.
 */
export function postponedMs(
  error: unknown,
  call: { readonly policy: RetryPolicy; readonly attempt: number },
  tookMs: number,
): number {
  const backoff = attemptPauseMs(call.policy, call.attempt, Math.max(retryAfterOf(error) ?? 0, postponeMsOf(error) ?? 0));
  return sentOf(error) === 'unknown' ? Math.max(tookMs, backoff) : backoff;
}

/** Returns the error of a step whose timeout has expired, or will before the next attempt. */
export function stepTimeout(step: string, call: PendingCall, cause?: unknown): SluiceError {
  const ms = (call.deadline ?? call.since) - call.since;
  return engineFail.STEP_TIMEOUT(`${step} did not end within ${ms} ms`, cause === undefined ? {} : { cause });
}

export function sentOf(error: unknown): Sent {
  return isSluiceError(error) ? (error.options.sent ?? 'unknown') : 'unknown';
}

export function retryAfterOf(error: unknown): number | undefined {
  return isSluiceError(error) ? error.options.retryAfterMs : undefined;
}

function postponeMsOf(error: unknown): number | undefined {
  return isSluiceError(error) ? error.options.postponeMs : undefined;
}

export type Verdict =
  /** The call is repeated as the next attempt. */
  | { readonly kind: 'again'; readonly error: unknown }
  /** The call is repeated without spending an attempt. */
  | { readonly kind: 'wait'; readonly why: 'overload' | 'unavailable' }
  /** The call is repeated when it is due, without spending an attempt. The remote system is not at fault. */
  | { readonly kind: 'postponed'; readonly ms: number }
  /** No further attempt: `onError` follows, or the end of the run. */
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Decides how the engine reacts to an error of a call.
 *
 * @param spares true for a paced call: overload and unavailability spend no attempt when the request did not reach the remote system
 */
export function decideRetry(
  error: unknown,
  call: {
    readonly attempt: number;
    readonly attempts: number;
    readonly idempotent: Idempotence;
    readonly spares: boolean;
    readonly where: string;
  },
): Verdict {
  const known = isSluiceError(error) ? error : undefined;
  const fate = known?.fate ?? 'retry';
  if (fate === 'rejected' || fate === 'fatal') return { kind: 'failed', error };
  const sent = sentOf(error);
  if (call.spares && (fate === 'overload' || (fate === 'unavailable' && sent !== 'unknown'))) return { kind: 'wait', why: fate };
  const againAfter = postponeMsOf(error);
  if (call.spares && sent === 'no' && againAfter !== undefined) return { kind: 'postponed', ms: againAfter };
  if (sent === 'unknown' && call.idempotent === 'no') return { kind: 'failed', error: outcomeUnknown(call.where, error) };
  return call.attempt < call.attempts ? { kind: 'again', error } : { kind: 'failed', error };
}

function outcomeUnknown(where: string, cause: unknown): SluiceError {
  const message = `${where} was called and it is not known whether it was carried out: ${messageOf(cause)}`;
  return engineFail.OUTCOME_UNKNOWN(message, { cause, sent: 'unknown' });
}
