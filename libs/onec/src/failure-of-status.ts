import { fail, type SluiceError } from '@sluice/plugin-api';
import { retryAfter, type WebAnswer } from '@sluice/web-client';
import type { ErrorPattern } from './connection-options.js';
import { failureOfText } from './error-table.js';
import { onec } from './failures.js';
import { mediaType } from './text.js';

/** The source of an answer, and how to read its text. */
export interface Where {
  /** Description of the call for messages, such as `SaveOrder at http://server/base/hs/gate`. Without secrets. */
  readonly where: string;
  readonly baseUrl: string;
  /** 1C's name for the published service. */
  readonly kind: 'HTTP service' | 'web service';
  readonly patterns: readonly ErrorPattern[];
}

/** Returns the failure that corresponds to a status other than 2xx. `text`: the decoded body. */
export function failureOfStatus({ status, headers }: WebAnswer, text: string, from: Where): SluiceError {
  const { where, baseUrl, kind, patterns } = from;
  const wait = retryAfter(headers);
  const busy = { sent: 'no' as const, ...wait };
  const isPage = mediaType(headers) === 'text/html';
  switch (status) {
    case 401:
      return fail.UNAUTHORIZED(`401 from ${baseUrl}: check the user and its right to the ${kind}`, { sent: 'no' });
    case 403:
      return fail.UNAUTHORIZED(`403 from ${baseUrl}: the user may not use this service`, { sent: 'no' });
    case 404:
      return fail.NOT_FOUND(`404 for ${where}: check that the base and the ${kind} are published under this name`, {
        sent: 'no',
      });
    case 405:
      return fail.NOT_FOUND(`405 for ${where}: the ${kind} has no handler for this HTTP method`, { sent: 'no' });
    case 406:
      return fail.OVERLOADED(`406 for ${where}: the session pool of the publication is used up`, busy);
    case 408:
      return fail.TIMED_OUT(`408 for ${where}: the web server did not receive the whole request in time`, {
        sent: 'no',
        ...wait,
      });
    case 409:
      if (wait.retryAfterMs !== undefined)
        return onec.ONEC_RUNNING(`409 for ${where}: the first call under this id still runs`, { sent: 'yes', ...wait });
      break;
    case 429:
    case 503:
      return fail.OVERLOADED(`${status} for ${where}: the server requests a pause`, busy);
    case 502:
      return fail.OVERLOADED(`502 for ${where}: the web server received no answer from 1C`, { sent: 'unknown', ...wait });
    case 504:
      return fail.TIMED_OUT(`504 for ${where}: the web server waited too long for 1C`, { sent: 'unknown' });
    case 500:
      if (!isPage) return failureOfText(text, patterns);
  }
  if (status >= 500)
    return onec.ONEC_FRONT(`${status} for ${where}, with a page of the web server`, { sent: 'unknown', ...wait });
  if (status >= 300 && status < 400)
    return fail.NOT_FOUND(`${status} for ${where}: the address has moved: correct baseUrl`, { sent: 'no' });
  return fail.REJECTED(`${status} for ${where}`, {
    sent: 'yes',
    ...(!isPage && text !== '' && { details: { text: text.slice(0, 4_000) } }),
  });
}
