import type { IncomingHttpHeaders } from 'node:http';
import { fail } from '@sluice/plugin-api';
import { decodeBody, failureOfStatus, failureOfText, mediaType, parseJsonText, refusalIn, type Where } from '@sluice/onec';
import type { WebAnswer } from '@sluice/web-client';

/** The value that 1C answered: JSON as data, another text as a text, nothing as null. Throws what its status or its text stands for. */
export function readAnswer(answer: WebAnswer, from: Where): unknown {
  const text = decodeBody(answer.body, answer.headers);
  if (answer.status < 200 || answer.status >= 300) throw failureOfStatus(answer, text, from);
  const value = parseValue(text, answer.headers, from);
  const refusal = refusalIn(value);
  if (refusal !== undefined) throw failureOfText(refusal, from.patterns);
  return value;
}

function parseValue(text: string, headers: IncomingHttpHeaders, { where }: Where): unknown {
  if (text.trim() === '') return null;
  const type = mediaType(headers);
  try {
    return parseJsonText(text);
  } catch (cause) {
    if (type === 'text/html')
      throw fail.BAD_ANSWER(`${where}: a web page came instead of an answer of 1C`, { sent: 'yes', cause });
    if (type.endsWith('json'))
      throw fail.BAD_ANSWER(`${where}: the answer says that it is JSON, and is not`, { sent: 'yes', cause });
    return text;
  }
}
