import type { IncomingHttpHeaders } from 'node:http';
import { bodyKind, fail, parseBody, type SluiceError } from '@sluice/plugin-api';
import { retryAfter, type WebAnswer } from '@sluice/web-client';
import { http } from './failures.js';

const LONGEST_DETAIL = 4_000; // characters of a refusal that are kept with the error

/** The body of the answer: JSON as data, texts and XML as a text, nothing as null. Throws what the status stands for. */
export function readAnswer(answer: WebAnswer, where: string): unknown {
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) throw failureOf(answer, where);
  if (body.length === 0) return null;
  const type = headers['content-type'] ?? '';
  if (type === '') return valueOfUnknown(body);
  if (bodyKind(type) === 'other')
    throw fail.BAD_ANSWER(`${where}: a flow cannot read an answer of the type ${type.slice(0, 100)}`, { sent: 'yes' });
  try {
    return parseBody(type, body);
  } catch (cause) {
    throw fail.BAD_ANSWER(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { sent: 'yes', cause });
  }
}

function valueOfUnknown(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function failureOf({ status, headers, body }: WebAnswer, where: string): SluiceError {
  const message = `${status} from ${where}`;
  const wait = retryAfter(headers);
  const details = { status, ...(body.length > 0 && { body: body.toString('utf8').slice(0, LONGEST_DETAIL) }) };
  switch (status) {
    case 401:
    case 403:
      return fail.UNAUTHORIZED(`${message}: check the token of the connection and its rights`, { sent: 'no' });
    case 404:
    case 405:
    case 410:
      return fail.NOT_FOUND(message, { sent: 'no', details });
    case 408:
      return fail.TIMED_OUT(message, { sent: 'no', ...wait });
    case 425:
    case 429:
    case 503:
      return fail.OVERLOADED(message, { sent: 'no', ...wait });
    case 502:
      return fail.OVERLOADED(message, { sent: 'unknown', ...wait });
    case 504:
      return fail.TIMED_OUT(message, { sent: 'unknown', ...wait });
  }
  if (status >= 500) return http.HTTP_SERVER_ERROR(message, { sent: 'unknown', details, ...wait });
  if (status >= 300 && status < 400) return http.HTTP_MOVED(`${message}: it has moved to ${placeOf(headers)}`, { sent: 'no' });
  return fail.REJECTED(message, { sent: 'yes', details });
}

/** Where a redirect leads, without what may be secret: its query, its fragment, and who logs in. */
function placeOf({ location }: IncomingHttpHeaders): string {
  return location === undefined
    ? 'an address that it does not name'
    : (location.split(/[?#]/, 1)[0] ?? '').replace(/\/\/[^/@]*@/, '//');
}
