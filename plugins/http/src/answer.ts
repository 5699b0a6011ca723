import type { IncomingHttpHeaders } from 'node:http';
import { bodyKind, decodeText, fail, parseBody, parseJson, type SluiceError } from '@sluice/plugin-api';
import { retryAfter, type WebAnswer } from '@sluice/web-client';
import { http } from './failures.js';

const LONGEST_DETAIL = 4_000; // characters of a refusal that are kept with the error

/**
 * Returns the body of the answer: JSON as data, texts and XML as a text, nothing as null. A number in JSON that JavaScript would round is its digits as a text: the
 * request has been carried out, and nobody could get at its answer otherwise.
 *
 * @throws what the status stands for, and `BAD_ANSWER` with the place for what cannot be read.
 */
export function readAnswer(answer: WebAnswer, where: string): unknown {
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) throw failureOf(answer, where);
  if (body.length === 0) return null;
  const type = headers['content-type'] ?? '';
  if (type === '') return valueOfUnknown(body, where);
  if (bodyKind(type) === 'other')
    throw fail.BAD_ANSWER(`${where}: a flow cannot read an answer of the type ${type.slice(0, 100)}`, { sent: 'yes' });
  return readable(() => parseBody(type, body, 'text'), where);
}

/** An answer that names no type is JSON where it can be read as that, else a text. */
function valueOfUnknown(body: Buffer, where: string): unknown {
  const text = readable(() => decodeText(body, ''), where);
  try {
    return parseJson(text, 'text');
  } catch {
    return text;
  }
}

function readable<Value>(read: () => Value, where: string): Value {
  try {
    return read();
  } catch (cause) {
    throw fail.BAD_ANSWER(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { sent: 'yes', cause });
  }
}

/** The text of a refusal, as far as it can be read. */
function refusalText(body: Buffer, contentType: string): string {
  try {
    return decodeText(body, contentType);
  } catch (error) {
    return `(it cannot be read: ${error instanceof Error ? error.message : String(error)})`;
  }
}

function failureOf({ status, headers, body }: WebAnswer, where: string): SluiceError {
  const message = `${status} from ${where}`;
  const wait = retryAfter(headers);
  const details = {
    status,
    ...(body.length > 0 && { body: refusalText(body, headers['content-type'] ?? '').slice(0, LONGEST_DETAIL) }),
  };
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
