import { handlerAttemptOf, withHandlerAttempt, type Delivery } from '@sluice/engine';
import { engineFail, isSluiceError, viewError, type EventAttributes, type EventMessage } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';

/** Maximum number of attempts of a handler; with the delays below they take about nine minutes. */
const MAX_ATTEMPTS = 10;
/** Bounds of the delay between two attempts. */
const DELAY = { firstMs: 1_000, maxMs: 300_000 };

/** Number of losses after which a first attempt counts as failed. Later attempts count as failed at their first loss. */
const MAX_LOST = 5;

/** Returns the number of this delivery's attempt, from 1. */
export function attemptOf(attributes: EventAttributes): number {
  return handlerAttemptOf(attributes)?.attempt ?? 1;
}

/** Returns whether the handler may be called again after this error. */
export function mayRetry(error: unknown, attempt: number): boolean {
  if (attempt >= MAX_ATTEMPTS) return false;
  return !isSluiceError(error) || (error.fate !== 'rejected' && error.fate !== 'fatal');
}

/**
 * Returns the error of an event during whose handling the host died or lost its connection too often; undefined if the event may be
 * handled. A death also affects events that were handled at the same time as its cause: they are only delayed.
 */
export function tooOftenLost({ redelivered, message }: Delivery): Error | undefined {
  const attempt = attemptOf(message.attributes);
  if (redelivered < (attempt === 1 ? MAX_LOST : 1)) return undefined;
  const text = `the host died or was cut off while it handled the event: attempt ${attempt}, lost ${redelivered} times`;
  return attempt >= MAX_ATTEMPTS ? engineFail.POISON(text) : new Error(text);
}

/** Returns the delay before the next attempt: it doubles each time up to a maximum, and is at least the requested Retry-After. */
export function retryDelayMs(error: unknown, attempt: number): number {
  const asked = isSluiceError(error) ? (error.options.retryAfterMs ?? 0) : 0;
  return Math.max(backoffMs(DELAY, attempt - 1), asked);
}

/** Returns the same event, for one more attempt. */
export function nextAttempt({ attributes, body }: EventMessage): EventMessage {
  return { attributes: withHandlerAttempt(attributes, { kind: 'pending', attempt: attemptOf(attributes) + 1 }), body };
}

/** Returns the same event, to be put aside with the error and the name of the queue in which it failed. */
export function failedForGood({ attributes, body }: EventMessage, queue: string, error: unknown): EventMessage {
  const attempt = attemptOf(attributes);
  return {
    attributes: withHandlerAttempt(attributes, { kind: 'failed', attempt, queue, error: viewError(error, { attempt }) }),
    body,
  };
}
