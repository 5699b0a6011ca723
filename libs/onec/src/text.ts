import type { IncomingHttpHeaders } from 'node:http';
import { decodeText, mediaTypeOf, namesEncoding } from '@sluice/plugin-api';
import type { WebAnswer } from '@sluice/web-client';

/** The encoding of a Russian Windows if a module of 1C or IIS names no encoding. */
const UNNAMED = 'windows-1251';
// eslint-disable-next-line no-control-regex -- a body with these characters is not a text
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** Returns the content type without its parameters, in lower case. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return mediaTypeOf(headers['content-type'] ?? '');
}

/**
 * Returns the text of a refusal, for people and for the table of errors. If nothing names its encoding and it is not UTF-8, it is read as
 * windows-1251. A text that cannot be read is replaced by the reason in parentheses.
 */
export function refusalText({ body, headers }: WebAnswer): string {
  const contentType = headers['content-type'] ?? '';
  try {
    return decodeText(body, contentType);
  } catch (error) {
    const text = namesEncoding(body, contentType) ? undefined : new TextDecoder(UNNAMED).decode(body);
    if (text !== undefined && !CONTROL.test(text)) return text;
    return `(the text cannot be read: ${error instanceof Error ? error.message : String(error)})`;
  }
}
