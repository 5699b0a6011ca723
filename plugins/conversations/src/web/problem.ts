import { HttpException } from '@nestjs/common';
import { isSluiceError } from '@sluice/plugin-api';

const STATUS: Readonly<Record<string, number>> = {
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  FORBIDDEN: 403,
  CONVERSATIONS_FORBIDDEN: 403,
  CONVERSATIONS_LOCKED: 403,
  CONVERSATIONS_MISSING: 404,
  CONVERSATIONS_ARCHIVED: 409,
  CONVERSATIONS_DELETED: 409,
  CONVERSATIONS_VERSION: 409,
  CONVERSATIONS_LIMIT: 413,
  CONVERSATIONS_INVALID: 400,
  CONVERSATIONS_REGISTRATION: 403,
  CONVERSATIONS_MAIL: 503,
  UNREACHABLE: 503,
  STORE_UNAVAILABLE: 503,
};

/** Converts a SluiceError to a response of NestJS. Other errors stay unchanged: NestJS logs them and does not send them. */
export function asHttp(error: unknown): unknown {
  if (!isSluiceError(error)) return error;
  const { code, message, cure, options } = error;
  const details = options.details === undefined ? {} : (options.details as object);
  return new HttpException({ code, message, cure, ...details }, STATUS[code] ?? 502);
}

export async function shownProblem<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asHttp(error);
  }
}
