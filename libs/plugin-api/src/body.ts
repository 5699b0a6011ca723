import { bodyFail, bodyKind, decodeText, encodeText } from './charset.js';
import { parseForm } from './form.js';
import { parseJson, type LossyNumbers } from './json.js';

/**
 * Reads a body as data: JSON as its value, XML and texts as a text, a form as a map of texts and lists, an empty body as undefined. Every
 * part of Sluice reads bodies with this function, so that a body which one part accepts is readable for all.
 *
 * @param contentType the header as it arrived, with its parameters.
 * @param lossyNumbers treatment of a number in JSON that would be rounded.
 * @throws `MEDIA_TYPE` for another type and for an unknown encoding, `BODY_INVALID` with the position for a body that does not match its
 *   type.
 */
export function parseBody(contentType: string, body: Uint8Array, lossyNumbers: LossyNumbers = 'refuse'): unknown {
  if (body.length === 0) return undefined;
  switch (bodyKind(contentType)) {
    case 'json':
      return parseJson(decodeText(body, contentType), lossyNumbers);
    case 'text':
      return decodeText(body, contentType);
    case 'form':
      return parseForm(body, contentType);
    case 'other':
      throw bodyFail.MEDIA_TYPE(
        contentType === '' ? 'the body has no Content-Type' : `a flow cannot read ${contentType.slice(0, 100)}`,
        { sent: 'no' },
      );
  }
}

/**
 * Writes data as a body that {@link parseBody} reads as the same data. A text whose type is not JSON is written as it is, everything else
 * as JSON, both in the encoding that the content type names.
 *
 * @throws `MEDIA_TYPE` for an encoding that cannot be written, `BODY_INVALID` for a character that the encoding does not have and for
 *   data that is nested too deeply.
 */
export function writeBody(contentType: string, data: unknown): Buffer {
  const isText = typeof data === 'string' && bodyKind(contentType) !== 'json';
  return encodeText(isText ? data : jsonOf(data), contentType);
}

function jsonOf(data: unknown): string {
  try {
    return JSON.stringify(data);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw bodyFail.BODY_INVALID('the data is nested too deep to be written as JSON', { sent: 'no', cause });
  }
}

/**
 * Throws when a body is compressed or otherwise encoded.
 *
 * @param contentEncoding the header `Content-Encoding`.
 * @throws `MEDIA_TYPE` for any encoding but `identity`.
 */
export function refuseEncoded(contentEncoding: string | undefined): void {
  const encoding = contentEncoding?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  const shown = encoding.replaceAll(/[^\w.,: +-]/g, '?').slice(0, 40);
  throw bodyFail.MEDIA_TYPE(`the body is encoded (Content-Encoding: ${shown}): send it without an encoding`, { sent: 'no' });
}
