import type { IncomingHttpHeaders } from 'node:http';
import { fail, type SluiceError } from '@sluice/plugin-api';
import { retryAfter, type WebAnswer } from '@sluice/web-client';
import type { ErrorPattern } from './config.js';
import { failureOfText } from './error-table.js';
import { onec } from './failures.js';
import { decodeBody, mediaType } from './text.js';

/** Where an answer came from and how its texts are to be read. */
export interface Reading {
  /** For messages, such as `SaveOrder at http://server/base/hs/gate`. Without secrets. */
  readonly where: string;
  readonly baseUrl: string;
  readonly patterns: readonly ErrorPattern[];
}

/** The value that 1C answered: JSON as data, another text as a text, nothing as null. Throws what its status or its text stands for. */
export function readAnswer(answer: WebAnswer, reading: Reading): unknown {
  const text = decodeBody(answer.body, answer.headers);
  if (answer.status < 200 || answer.status >= 300) throw failureOfStatus(answer, text, reading);
  const value = parseValue(text, answer.headers, reading);
  const refusal = refusalIn(value);
  if (refusal !== undefined) throw failureOfText(refusal, reading.patterns);
  return value;
}

function parseValue(text: string, headers: IncomingHttpHeaders, { where }: Reading): unknown {
  if (text.trim() === '') return null;
  const type = mediaType(headers);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (type === 'text/html')
      throw fail.BAD_ANSWER(`${where}: a web page came instead of an answer of 1C`, { sent: 'yes', cause });
    if (type.endsWith('json'))
      throw fail.BAD_ANSWER(`${where}: the answer says that it is JSON, and is not`, { sent: 'yes', cause });
    return text;
  }
}

/** Services that answer 200 for everything say `{ "Ошибка": "…" }`; an empty one means that there was none. */
function refusalIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const refusal = (value as Record<string, unknown>)['Ошибка'];
  if (refusal === undefined || refusal === null || refusal === false || refusal === '') return undefined;
  if (typeof refusal === 'string') return refusal;
  return refusal === true ? JSON.stringify(value) : JSON.stringify(refusal);
}

function failureOfStatus({ status, headers }: WebAnswer, text: string, { where, baseUrl, patterns }: Reading): SluiceError {
  const wait = retryAfter(headers);
  const busy = { sent: 'no' as const, ...wait };
  const isPage = mediaType(headers) === 'text/html';
  switch (status) {
    case 401:
      return fail.UNAUTHORIZED(`401 from ${baseUrl}: check the user and its right to the HTTP service`, { sent: 'no' });
    case 403:
      return fail.UNAUTHORIZED(`403 from ${baseUrl}: the user may not use this service`, { sent: 'no' });
    case 404:
      return fail.NOT_FOUND(`404 for ${where}: is the base published under this name, and the HTTP service with it?`, {
        sent: 'no',
      });
    case 405:
      return fail.NOT_FOUND(`405 for ${where}: the HTTP service has no handler for this HTTP method`, { sent: 'no' });
    case 406:
      return fail.OVERLOADED(`406 for ${where}: the session pool of the publication is used up`, busy);
    case 409:
      if (wait.retryAfterMs !== undefined)
        return onec.ONEC_RUNNING(`409 for ${where}: the first call under this id still runs`, { sent: 'yes', ...wait });
      break;
    case 429:
    case 503:
      return fail.OVERLOADED(`${status} for ${where}: the server asks to come later`, busy);
    case 502:
      return fail.OVERLOADED(`502 for ${where}: the web server got no answer from 1C`, { sent: 'unknown', ...wait });
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
