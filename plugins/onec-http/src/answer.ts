import { decodeText, fail, isSluiceError, parseJson } from '@sluice/plugin-api';
import { failureOfStatus, failureOfText, mediaType, refusalIn, refusalText, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';

/**
 * Returns the value that 1C answered: JSON as data, another text as a text, nothing as null. A number that JavaScript would round is its digits as a text.
 *
 * @throws what the status or the text stands for, and `BAD_ANSWER` with the place for what cannot be read.
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
      throw fail.BAD_ANSWER(`${from.where}: a web page came instead of an answer of 1C`, { sent: 'yes', cause: error });
    // it is JSON, and has a key twice
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
