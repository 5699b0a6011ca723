import type { IncomingHttpHeaders } from 'node:http';
import { bodyKind, decodeText, fail, parseBody, parseJson, type SluiceError } from '@sluice/plugin-api';
import { retryAfter, type WebAnswer } from '@sluice/web-client';
import { http } from './failures.js';

const MAX_DETAIL_LENGTH = 4_000; // characters of the body of a rejected request that the error keeps

/**
 * Returns the body of the answer: JSON as data, text and XML as a string, an empty body as null. A JSON number that JavaScript would round
 * is returned as a string of its digits: the service has already carried out the request, so an error would lose the answer.
 *
 * @param where method and URL of the request, for messages.
 * @throws the error that the status stands for; `BAD_ANSWER` for a body that cannot be read.
 */
export function readAnswer(answer: WebAnswer, where: string): unknown {
  const { status, headers, body } = answer;
  if (status < 200 || status >= 300) throw failureOf(answer, where);
  if (body.length === 0) return null;
  const type = headers['content-type'] ?? '';
  if (type === '') return valueOfUnknown(body, where);
  if (bodyKind(type) === 'other')
    throw fail.BAD_ANSWER(`${where}: a flow cannot read an answer with the content type ${type.slice(0, 100)}`, { sent: 'yes' });
  return readable(() => parseBody(type, body, 'text'), where);
}

/** Parses a body without a Content-Type as JSON, or returns it as a string when it is not JSON. */
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

/** Returns the body of an error answer, or the reason why it cannot be decoded. */
function refusalText(body: Buffer, contentType: string): string {
  try {
    return decodeText(body, contentType);
  } catch (error) {
    return `(the body cannot be read: ${error instanceof Error ? error.message : String(error)})`;
  }
}

function failureOf({ status, headers, body }: WebAnswer, where: string): SluiceError {
  const message = `${status} from ${where}`;
  const wait = retryAfter(headers);
  const details = {
    status,
    ...(body.length > 0 && { body: refusalText(body, headers['content-type'] ?? '').slice(0, MAX_DETAIL_LENGTH) }),
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
  if (status >= 300 && status < 400)
    return http.HTTP_MOVED(`${message}: the service has moved to ${placeOf(headers)}`, { sent: 'no' });
  return fail.REJECTED(message, { sent: 'yes', details });
}

/** Returns the target of a redirect without the parts that may be secret: query, fragment, user name and password. */
function placeOf({ location }: IncomingHttpHeaders): string {
  return location === undefined
    ? 'an unknown address: the Location header is missing'
    : (location.split(/[?#]/, 1)[0] ?? '').replace(/\/\/[^/@]*@/, '//');
}
