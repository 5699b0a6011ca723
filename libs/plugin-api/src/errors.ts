/**
 * What the engine does with a failure.
 *
 * - `retry`: tried again after a durable delay; spends an attempt.
 * - `overload`: the pace of the connection shrinks; a paced call waits and spends no attempt.
 * - `unavailable`: counts for the breaker of the connection; a paced call waits and spends no attempt.
 * - `rejected`: the other side refuses this data: never tried again.
 * - `fatal`: the configuration is wrong: never tried again, and reported by `/health/ready`.
 */
export type Fate = 'retry' | 'overload' | 'unavailable' | 'rejected' | 'fatal';

/** Did the request reach the other side? `unknown`: it left, and no answer came. */
export type Sent = 'no' | 'unknown' | 'yes';

export interface FailureOptions {
  readonly cause?: unknown;
  /** What the other side asked for, in milliseconds (`Retry-After`). */
  readonly retryAfterMs?: number;
  /**
   * When this one paced call is due again, in milliseconds from now: the other side is well, and it is the call that has to wait, because
   * nobody picked up the telephone or it is not the hour for it. Unlike `retryAfterMs` it holds up no other call. With `sent: 'no'` it
   * spends no attempt.
   */
  readonly againAfterMs?: number;
  /** Whatever the connector knows: shown in the journal and to `onError`. Never a secret. */
  readonly details?: unknown;
  /** Absent: `unknown`. */
  readonly sent?: Sent;
}

const BRAND = Symbol.for('sluice.error');

/** The one error class. Recognise it with {@link isSluiceError}, never by instanceof: a package may be installed twice. */
export class SluiceError extends Error {
  readonly brand = BRAND;
  override readonly name = 'SluiceError';

  constructor(
    /** Stable and documented: branch on it or on `fate`, never on the message. */
    readonly code: string,
    readonly fate: Fate,
    message: string,
    /** What to do about it: one phrase for a person. */
    readonly cure: string,
    readonly options: FailureOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

export function isSluiceError(error: unknown): error is SluiceError {
  return typeof error === 'object' && error !== null && (error as { brand?: unknown }).brand === BRAND;
}

export interface FailureRow {
  readonly fate: Fate;
  readonly cure: string;
}

/** A function per code that makes the error. */
export type Failures<Table> = { readonly [Code in keyof Table]: (message: string, options?: FailureOptions) => SluiceError };

/**
 * Error codes as data: the table feeds the reference, the linter and the engine.
 * Codes of a plugin begin with its name or its family (`ONEC_`), and are never reused.
 */
export function failures<const Table extends Record<string, FailureRow>>(table: Table): Failures<Table> {
  const made: Record<string, (message: string, options?: FailureOptions) => SluiceError> = {};
  for (const [code, row] of Object.entries(table)) {
    made[code] = (message, options) => new SluiceError(code, row.fate, message, row.cure, options);
  }
  return made as Failures<Table>;
}

/** Codes that every connector shares; a plugin adds its own only where these say too little. */
export const SHARED_CODES = {
  UNREACHABLE: { fate: 'unavailable', cure: 'check the address, the network and that the other side runs' },
  TIMED_OUT: { fate: 'retry', cure: 'raise the timeout of the connection, or look why the other side is slow' },
  OVERLOADED: { fate: 'overload', cure: 'nothing to do: the pace goes down by itself' },
  UNAUTHORIZED: { fate: 'fatal', cure: 'check the user and the password of the connection and their rights' },
  NOT_FOUND: { fate: 'fatal', cure: 'check the path, the service or the method name' },
  REJECTED: { fate: 'rejected', cure: 'the other side refused this data: correct it and replay the run' },
  BAD_ANSWER: { fate: 'rejected', cure: 'the answer is not what the connector understands: see details' },
} as const satisfies Record<string, FailureRow>;

export const fail = failures(SHARED_CODES);

/** Codes of the engine itself. Plugins do not throw them. */
export const ENGINE_CODES = {
  STEP_TIMEOUT: { fate: 'retry', cure: 'raise the timeout of the step, or give it an onError' },
  OUTCOME_UNKNOWN: {
    fate: 'rejected',
    cure: 'look in the other system whether the call was carried out, then replay or drop the run',
  },
  INPUT_INVALID: { fate: 'rejected', cure: 'correct the `with` of the step: its value does not fit the action' },
  OUTPUT_INVALID: { fate: 'rejected', cure: 'the connector gave what its schema does not promise: report it to its author' },
  EXPR_MISSING: { fate: 'rejected', cure: 'give a default with ?? or leave the key out with ?? $omit' },
  EXPR_TEXT: { fate: 'rejected', cure: 'only texts, numbers and booleans can stand inside a text: use $string(…) or $join(…)' },
  EXPR_VALUE: { fate: 'rejected', cure: 'the expression gives something that is not data' },
  EXPR_NOT_BOOLEAN: {
    fate: 'rejected',
    cure: 'a condition must give true or false: write ?? false after a field that may be absent',
  },
  EXPR_FAILED: { fate: 'rejected', cure: 'correct the expression' },
  EXPR_LIMIT: { fate: 'rejected', cure: 'the expression takes too long or gives too much: simplify it' },
  FLOW_LOOP: { fate: 'rejected', cure: 'flows emit to each other in a circle: stop echoes, or raise settings.limits.hops' },
  STATE_TOO_LARGE: {
    fate: 'rejected',
    cure: 'the outputs of the steps are too large to travel: keep only what later steps need',
  },
  BODY_TOO_LARGE: { fate: 'rejected', cure: 'raise deliver.maxBody or settings.limits.event' },
  BODY_UNREADABLE: { fate: 'rejected', cure: 'the body is not what its content type says' },
  NOT_PARKED: { fate: 'rejected', cure: '`sluice parked ls` lists the runs' },
  REPLAY_REFUSED: { fate: 'rejected', cure: '`sluice find` with the id of the run shows what became of it' },
  REPLY_LATE: { fate: 'retry', cure: 'the run goes on: ask again with the same Idempotency-Key, or wait longer' },
  POISON: { fate: 'rejected', cure: 'the host died several times on this event: report it with the parked run' },
  FLOW_CHANGED: {
    fate: 'rejected',
    cure: 'bring the step back and replay the run; or replay it with --from-start, which may repeat calls under other ids; or drop it',
  },
  EVENT_TYPE: { fate: 'rejected', cure: 'an event type is words of letters, digits, _ and - joined by dots' },
  BUS_UNAVAILABLE: { fate: 'unavailable', cure: 'check that the message broker runs: sluice doctor tells' },
  STORE_UNAVAILABLE: { fate: 'unavailable', cure: 'check that PostgreSQL runs: sluice doctor tells' },
  CONFIG_INVALID: { fate: 'fatal', cure: 'correct the configuration' },
} as const satisfies Record<string, FailureRow>;

export const engineFail = failures(ENGINE_CODES);

/** What `onError`, the journal and a parked run show of a failure. */
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

/** Any thrown value as data. What is not a SluiceError is unknown, and its fate is `retry`. */
export function viewError(error: unknown, where: { step?: string; connection?: string; attempt?: number } = {}): ErrorView {
  if (!isSluiceError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      code: 'UNEXPECTED',
      fate: 'retry',
      message,
      cure: 'not foreseen by the connector: report it to its author',
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
