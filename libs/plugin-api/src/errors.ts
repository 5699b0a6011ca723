/**
 * The reaction of the engine to a failure.
 *
 * - `retry`: the engine repeats the call after a durable delay, which spends an attempt.
 * - `overload`: the engine lowers the pace of the connection; a paced call waits and spends no attempt.
 * - `unavailable`: the failure counts for the breaker of the connection; a paced call waits and spends no attempt.
 * - `rejected`: the remote system refuses this data; the engine never repeats the call.
 * - `fatal`: the configuration is wrong; the engine never repeats the call, and `/health/ready` reports the failure.
 */
export type Fate = 'retry' | 'overload' | 'unavailable' | 'rejected' | 'fatal';

/** Whether the request reached the remote system. `unknown`: the request was sent and no answer arrived. */
export type Sent = 'no' | 'unknown' | 'yes';

/** Optional facts about a failure, which the engine and the journal use. */
export interface FailureOptions {
  readonly cause?: unknown;
  /** Pause that the remote system requested for the whole connection (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number;
  /**
   * Delay after which the engine repeats this one paced call, in milliseconds from now. Use it when the remote system works and only this
   * call has to wait, for example because a person did not answer the telephone or the calling hours have not begun. Unlike `retryAfterMs`
   * it delays no other call. With `sent: 'no'` it spends no attempt.
   */
  readonly postponeMs?: number;
  /** Further facts that the connector knows. The journal and `onError` show them, so they must not contain a secret. */
  readonly details?: unknown;
  /** Default: `unknown`. */
  readonly sent?: Sent;
}

const BRAND = Symbol.for('sluice.error');

/**
 * The only error class that a plugin throws. Recognise it with {@link isSluiceError}, not with `instanceof`: a package may be installed
 * twice.
 */
export class SluiceError extends Error {
  readonly brand = BRAND;
  override readonly name = 'SluiceError';

  constructor(
    /** Stable and documented. Branch on it or on `fate`, never on the message. */
    readonly code: string,
    readonly fate: Fate,
    message: string,
    /** The remedy, as one phrase for a person. */
    readonly cure: string,
    readonly options: FailureOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** Returns whether a thrown value is a {@link SluiceError}, also when its class comes from another copy of this package. */
export function isSluiceError(error: unknown): error is SluiceError {
  return typeof error === 'object' && error !== null && (error as { brand?: unknown }).brand === BRAND;
}

/** The description of one error code: its fate and the remedy. */
export interface FailureRow {
  readonly fate: Fate;
  readonly cure: string;
}

/** For each code of a table, the function that creates its error. */
export type Failures<Table> = { readonly [Code in keyof Table]: (message: string, options?: FailureOptions) => SluiceError };

/**
 * Creates the functions that create the errors of a table. Error codes are data, so that the reference, the linter and the engine can read
 * them.
 *
 * @param table the codes. Those of a plugin begin with its name or its family (`ONEC_`) and are never reused for another meaning.
 * @returns one function per code; it takes the message and the options of the error.
 */
export function failures<const Table extends Record<string, FailureRow>>(table: Table): Failures<Table> {
  const made: Record<string, (message: string, options?: FailureOptions) => SluiceError> = {};
  for (const [code, row] of Object.entries(table)) {
    made[code] = (message, options) => new SluiceError(code, row.fate, message, row.cure, options);
  }
  return made as Failures<Table>;
}

/** Codes that every connector shares. A plugin adds a code of its own only where these are not precise enough. */
export const SHARED_CODES = {
  UNREACHABLE: { fate: 'unavailable', cure: 'check the address, the network and that the remote system runs' },
  TIMED_OUT: { fate: 'retry', cure: 'raise the timeout of the connection, or find out why the remote system is slow' },
  OVERLOADED: { fate: 'overload', cure: 'nothing to do: the engine lowers the pace automatically' },
  UNAUTHORIZED: { fate: 'fatal', cure: 'check the user and the password of the connection and their rights' },
  NOT_FOUND: { fate: 'fatal', cure: 'check the path, the service or the method name' },
  REJECTED: { fate: 'rejected', cure: 'the remote system refused this data: correct it and replay the run' },
  BAD_ANSWER: { fate: 'rejected', cure: 'the connector does not understand the answer: see details' },
} as const satisfies Record<string, FailureRow>;

/** Creates the errors of {@link SHARED_CODES}, for example `fail.UNREACHABLE('no route to host', { cause, sent: 'no' })`. */
export const fail = failures(SHARED_CODES);

/** Codes of the engine itself. Plugins do not throw them. */
export const ENGINE_CODES = {
  STEP_TIMEOUT: { fate: 'retry', cure: 'raise the timeout of the step, or add an onError' },
  OUTCOME_UNKNOWN: {
    fate: 'rejected',
    cure: 'check in the remote system whether the call was carried out, then replay or drop the run',
  },
  INPUT_INVALID: { fate: 'rejected', cure: 'correct the `with` of the step: its value does not fit the action' },
  OUTPUT_INVALID: {
    fate: 'rejected',
    cure: 'the result of the connector does not match its own schema: report it to its author',
  },
  EXPR_MISSING: { fate: 'rejected', cure: 'write a default with ?? or leave the key out with ?? $omit' },
  EXPR_TEXT: { fate: 'rejected', cure: 'only texts, numbers and booleans can stand inside a text: use $string(…) or $join(…)' },
  EXPR_VALUE: { fate: 'rejected', cure: 'the expression returns something that is not data' },
  EXPR_NOT_BOOLEAN: {
    fate: 'rejected',
    cure: 'a condition must return true or false: write ?? false after a field that may be absent',
  },
  EXPR_FAILED: { fate: 'rejected', cure: 'correct the expression' },
  EXPR_LIMIT: { fate: 'rejected', cure: 'the expression takes too long or returns too much: simplify it' },
  FOREACH_NOT_LIST: { fate: 'rejected', cure: 'write [ … ] around the expression of `in`: one match alone is not a list' },
  FOREACH_FAILED: {
    fate: 'rejected',
    cure: 'correct what the items failed with and replay the run: it repeats only these items; or write onFailure: continue',
  },
  CALL_FAILED: { fate: 'rejected', cure: 'see the cause; `sluice find` with the id of the called run shows what became of it' },
  FLOW_LOOP: { fate: 'rejected', cure: 'flows emit to each other in a circle: stop echoes, or raise settings.limits.hops' },
  STATE_TOO_LARGE: {
    fate: 'rejected',
    cure: 'the outputs of the steps are too large to travel: keep only the fields that later steps need',
  },
  BODY_TOO_LARGE: { fate: 'rejected', cure: 'raise deliver.maxBody or settings.limits.event' },
  BODY_UNREADABLE: { fate: 'rejected', cure: 'the body does not match its content type' },
  NOT_PARKED: { fate: 'rejected', cure: '`sluice parked ls` lists the runs' },
  REPLAY_REFUSED: { fate: 'rejected', cure: '`sluice find` with the id of the run shows what became of it' },
  REPLY_LATE: { fate: 'retry', cure: 'the run goes on: ask again with the same Idempotency-Key, or wait longer' },
  POISON: { fate: 'rejected', cure: 'the host died several times on this event: report it with the parked run' },
  FLOW_CHANGED: {
    fate: 'rejected',
    cure: 'bring the step back and replay the run; or replay it with --from-start, which may repeat calls under other ids; or drop it',
  },
  EVENT_TYPE: { fate: 'rejected', cure: 'an event type is words of letters, digits, _ and - joined by dots' },
  PARKED_FULL: {
    fate: 'overload',
    cure: 'correct, replay or drop parked runs (sluice parked ls), or raise settings.limits.parked; then send the event again',
  },
  BUS_UNAVAILABLE: { fate: 'unavailable', cure: 'check that the message broker runs, for example with sluice doctor' },
  STORE_UNAVAILABLE: { fate: 'unavailable', cure: 'check that PostgreSQL runs, for example with sluice doctor' },
  CONFIG_INVALID: { fate: 'fatal', cure: 'correct the configuration' },
} as const satisfies Record<string, FailureRow>;

/** Creates the errors of {@link ENGINE_CODES}. For the engine only. */
export const engineFail = failures(ENGINE_CODES);

/** A failure as data, as `onError`, the journal and a parked run show it. */
export interface ErrorView {
  readonly code: string;
  readonly fate: Fate;
  readonly message: string;
  readonly cure?: string;
  readonly step?: string;
  readonly connection?: string;
  readonly attempt?: number;
  readonly details?: unknown;
  readonly cause?: { readonly code: string; readonly fate: Fate; readonly message: string };
}

/**
 * Converts any thrown value to data.
 *
 * @param error the thrown value. Any value but a SluiceError becomes `UNEXPECTED` with the fate `retry`.
 * @param where the step, the connection and the attempt in which it was thrown.
 * @returns the view, with the cause one level deep.
 */
export function viewError(error: unknown, where: { step?: string; connection?: string; attempt?: number } = {}): ErrorView {
  if (!isSluiceError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      code: 'UNEXPECTED',
      fate: 'retry',
      message,
      cure: 'the connector does not handle this error: report it to its author',
      ...where,
    };
  }
  const cause = error.options.cause;
  return {
    code: error.code,
    fate: error.fate,
    message: error.message,
    cure: error.cure,
    ...where,
    ...(error.options.details !== undefined && { details: error.options.details }),
    ...(cause !== undefined && { cause: shortView(cause) }),
  };
}

function shortView(error: unknown): { code: string; fate: Fate; message: string } {
  if (isSluiceError(error)) return { code: error.code, fate: error.fate, message: error.message };
  return { code: 'UNEXPECTED', fate: 'retry', message: error instanceof Error ? error.message : String(error) };
}
