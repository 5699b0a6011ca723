import { decodeText, fail, isSluiceError, parseJson } from '@sluice/plugin-api';
import { failureOfStatus, failureOfText, mediaType, refusalIn, refusalText, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';

/**
 * Returns the body of an answer of 1C: JSON as data, any other text as a string, an empty body as null. A number that JavaScript would
 * round is returned as a string of its digits.
 *
 * @throws the error that the status or the error text of 1C stands for; `BAD_ANSWER` for a body that cannot be read.
 */
export function readAnswer(answer: WebAnswer, from: Where): unknown {
  if (answer.status < 200 || answer.status >= 300) throw failureOfStatus(answer, refusalText(answer), from);
  const value = valueOf(answer, from);
  const refusal = refusalIn(value);
  if (refusal !== undefined) throw failureOfText(refusal, from.patterns);
  return value;
}

function valueOf({ body, headers }: WebAnswer, from: Where): unknown {
  const type = mediaType(headers);
  const text = readable(() => decodeText(body, headers['content-type'] ?? ''), from);
  if (text.trim() === '') return null;
  if (type.endsWith('json')) return readable(() => parseJson(text, 'text'), from);
  try {
    return parseJson(text, 'text');
  } catch (error) {
    if (type === 'text/html')
      throw fail.BAD_ANSWER(`${from.where}: the answer is a web page: it does not come from 1C`, { sent: 'yes', cause: error });
    // the text is JSON with a duplicate key
    if (isSluiceError(error) && hasPointer(error.options.details)) throw unreadable(error, from);
    return text;
  }
}

function readable<Value>(read: () => Value, from: Where): Value {
  try {
    return read();
  } catch (error) {
    throw unreadable(error, from);
  }
}

function unreadable(error: unknown, { where }: Where): Error {
  const { message } = error as Error;
  return fail.BAD_ANSWER(`${where}: the answer cannot be read: ${message}`, { sent: 'yes', cause: error });
}

function hasPointer(details: unknown): boolean {
  return typeof details === 'object' && details !== null && 'pointer' in details;
}
