import { BODY_CODES, ENGINE_CODES, isSluiceError } from '@sluice/plugin-api';
import { HOST_CODES } from '../failures.js';

/** An error as an HTTP answer. */
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
  NO_ISSUER: 404,
  NO_RUN: 404,
  NOT_RECORDED: 404,
  REQUEST_LATE: 408,
  HEADERS_TOO_LARGE: 431,
  REQUEST_UNREADABLE: 400,
  NOT_PARKED: 404,
  REPLAY_REFUSED: 409,
  FLOW_CHANGED: 409,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE: 415,
  BODY_INVALID: 400,
  INPUT_INVALID: 400,
  EVENT_TYPE: 400,
  // codes of the endpoints of the plugin http
  HTTP_ID: 400,
  HTTP_SIGNATURE: 401,
  TOO_MANY_BODIES: 429,
  PARKED_FULL: 429,
  BUS_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  STOPPING: 503,
  REPLY_LATE: 504,
  REPLY_INVALID: 502,
  CONFIG_INVALID: 409,
};

const RETRY_AFTER_SECONDS = 2;
/** Retry-After for full parked runs, which an operator has to process first. */
const RETRY_AFTER_FULL_SECONDS = 60;

/** Error codes for the statuses of NestJS and Fastify. */
const REFUSED = {
  400: 'INPUT_INVALID',
  404: 'NO_ROUTE',
  405: 'METHOD_NOT_ALLOWED',
  413: 'BODY_TOO_LARGE',
  415: 'MEDIA_TYPE',
} as const;
const CURES: Readonly<Record<string, { readonly cure: string }>> = {
  ...ENGINE_CODES,
  ...BODY_CODES,
  ...HOST_CODES,
  // the cure of the code is for a step, not for a request
  INPUT_INVALID: { cure: 'correct the request: /api/docs describes its fields' },
};

/** Converts an error to an HTTP answer. An unexpected error becomes `INTERNAL` without its message. */
export function problemOf(error: unknown): Problem {
  if (!isSluiceError(error)) return refusalOf(error) ?? INNER;
  const status = STATUS[error.code] ?? (error.fate === 'rejected' ? 422 : error.fate === 'fatal' ? 500 : 502);
  const headers: Record<string, string> = {};
  if (status === 503 || status === 429)
    headers['retry-after'] = String(error.code === 'PARKED_FULL' ? RETRY_AFTER_FULL_SECONDS : RETRY_AFTER_SECONDS);
  if (status === 401 && error.code.startsWith('TOKEN_')) headers['www-authenticate'] = 'Bearer';
  const allow = status === 405 && (error.options.details as { allow?: readonly string[] } | undefined)?.allow;
  if (allow) headers['allow'] = allow.join(', ');
  return { status, headers, body: { code: error.code, message: error.message, cure: error.cure } };
}

const INNER: Problem = {
  status: 500,
  headers: {},
  body: { code: 'INTERNAL', message: 'the request failed inside the host: its log contains the reason' },
};

/** Returns the status of an `HttpException` of NestJS or of an error of Fastify. */
function refusalOf(error: unknown): Problem | undefined {
  const { status, statusCode = status, message, response } = error as Partial<HttpError>;
  // the module of a plugin may use its own codes
  if (typeof statusCode === 'number' && isToldByCode(response))
    return { status: statusCode, headers: retryAfterOf(response), body: response };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  const code = REFUSED[statusCode as keyof typeof REFUSED] ?? 'INPUT_INVALID';
  const said = typeof response === 'object' ? response.message : response;
  const text = typeof said === 'object' ? said.join('; ') : (said ?? message ?? 'refused');
  return { status: statusCode, headers: {}, body: { code, message: text, ...(CURES[code] && { cure: CURES[code].cure }) } };
}

/** Returns the header for a refusal whose body names the seconds until a repetition in `retryAfter`. */
function retryAfterOf(body: object): Readonly<Record<string, string>> {
  const { retryAfter } = body as { readonly retryAfter?: unknown };
  return Number.isInteger(retryAfter) ? { 'retry-after': String(retryAfter) } : {};
}

function isToldByCode(response: unknown): response is Problem['body'] {
  const { code, message } = (response ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' && typeof message === 'string';
}

interface HttpError {
  readonly status: number;
  readonly statusCode: number;
  readonly message: string;
  readonly response: string | { readonly message?: string | readonly string[] };
}
