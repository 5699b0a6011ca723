import { HttpException } from '@nestjs/common';
import { isSluiceError } from '@sluice/plugin-api';

/** Codes that the host and the engine add to those of a plugin. */
const SHARED_STATUS: Readonly<Record<string, number>> = {
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  FORBIDDEN: 403,
  UNREACHABLE: 503,
  STORE_UNAVAILABLE: 503,
};

export interface Problems {
  /** Converts a SluiceError to a response of NestJS. Other errors stay unchanged: NestJS logs them and does not send them. */
  readonly asHttp: (error: unknown) => unknown;
  /** Runs the work of a route and throws its errors as {@link Problems.asHttp} converts them. */
  readonly shownProblem: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * Returns how the routes of a plugin answer errors: `{ code, message, cure }` with the details of the error, and `retryAfter` in seconds when
 * the error names a pause.
 *
 * @param statuses HTTP status of each code of the plugin. An unknown code is answered with 502.
 */
export function problems(statuses: Readonly<Record<string, number>>): Problems {
  const asHttp = (error: unknown): unknown => {
    if (!isSluiceError(error)) return error;
    const { code, message, cure, options } = error;
    const details = options.details === undefined ? {} : (options.details as object);
    const { retryAfterMs } = options;
    // whole seconds, which the host sends as the header Retry-After too
    const pause = retryAfterMs === undefined ? {} : { retryAfter: Math.max(1, Math.ceil(retryAfterMs / 1_000)) };
    return new HttpException({ code, message, cure, ...pause, ...details }, statuses[code] ?? SHARED_STATUS[code] ?? 502);
  };
  return {
    asHttp,
    shownProblem: async (work) => {
      try {
        return await work();
      } catch (error) {
        throw asHttp(error);
      }
    },
  };
}
