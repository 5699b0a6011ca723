import { isSluiceError, viewError, type EventAttributes, type EventMessage } from '@sluice/plugin-api';

/** A handler is tried so often; with the delays below this takes about nine minutes. */
const MAX_ATTEMPTS = 10;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 300_000;

/** Key of `attributes.meta` under which the count travels with the event. */
const META = 'module';

interface ModuleMeta {
  readonly attempt: number;
}

/** Which attempt this delivery is: 1 for the first. */
export function attemptOf(attributes: EventAttributes): number {
  const meta = attributes.meta?.[META] as ModuleMeta | undefined;
  return meta?.attempt ?? 1;
}

/** May the handler be tried again after this error? */
export function mayRetry(error: unknown, attempt: number): boolean {
  if (attempt >= MAX_ATTEMPTS) return false;
  return !isSluiceError(error) || (error.fate !== 'rejected' && error.fate !== 'fatal');
}

/** The pause before the next attempt: doubled each time up to a bound; a longer Retry-After wins. */
export function retryDelayMs(error: unknown, attempt: number): number {
  const asked = isSluiceError(error) ? (error.options.retryAfterMs ?? 0) : 0;
  return Math.max(Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS), asked);
}

/** The same event, to be tried once more. */
export function nextAttempt(message: EventMessage): EventMessage {
  return withMeta(message, { attempt: attemptOf(message.attributes) + 1 });
}

/** The same event, to be put aside together with what went wrong and in which queue. */
export function failedForGood(message: EventMessage, queue: string, error: unknown): EventMessage {
  const attempt = attemptOf(message.attributes);
  return withMeta(message, { attempt, queue, error: viewError(error, { attempt }) });
}

function withMeta({ attributes, body }: EventMessage, meta: ModuleMeta & Readonly<Record<string, unknown>>): EventMessage {
  return { attributes: { ...attributes, meta: { ...attributes.meta, [META]: meta } }, body };
}
