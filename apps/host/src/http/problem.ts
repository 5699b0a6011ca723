import { isSluiceError } from '@sluice/plugin-api';

/** How an error is told over HTTP. */
export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly code: string; readonly message: string; readonly cure?: string };
}

const STATUS: Readonly<Record<string, number>> = {
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  FORBIDDEN: 403,
  NO_ROUTE: 404,
  NOT_PARKED: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE: 415,
  BODY_INVALID: 400,
  INPUT_INVALID: 400,
  EVENT_TYPE: 400,
  BUS_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  STOPPING: 503,
  REPLY_LATE: 504,
  CONFIG_INVALID: 409,
};

const RETRY_AFTER_SECONDS = 2;

/** What went wrong is told by code; what is not ours is an inner failure, told without its text. */
export function problemOf(error: unknown): Problem {
  if (!isSluiceError(error))
    return { status: 500, headers: {}, body: { code: 'INTERNAL', message: 'something went wrong here: the log tells' } };
  const status = STATUS[error.code] ?? (error.fate === 'rejected' ? 422 : error.fate === 'fatal' ? 500 : 502);
  const headers: Record<string, string> = {};
  if (status === 503) headers['retry-after'] = String(RETRY_AFTER_SECONDS);
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return { status, headers, body: { code: error.code, message: error.message, cure: error.cure } };
}
