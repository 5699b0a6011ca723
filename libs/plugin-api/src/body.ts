import { bodyFail, bodyKind, decodeText, encodeText } from './charset.js';
import { parseForm } from './form.js';
import { parseJson, type LossyNumbers } from './json.js';

/**
 * Reads a body as data: JSON as its value, XML and texts as a text, a form as a map of texts and lists, no body as undefined. Every place that reads a
 * body reads it with this function, so a body that one of them accepts is readable for all of them.
 *
 * @param contentType the header as it came, with its parameters.
 * @param lossyNumbers what happens to a number in JSON that would be rounded.
 * @throws `MEDIA_TYPE` for another type and for an unknown encoding, `BODY_INVALID` with the place for what is not what its type says.
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
 * Writes data as a body that {@link parseBody} reads as the same data: a text of a type that is not JSON as it is, everything else as JSON, both in the encoding
 * that the content type names.
 *
 * @throws `MEDIA_TYPE` for an encoding that cannot be written, `BODY_INVALID` for a character that it does not have.
 */
export function writeBody(contentType: string, data: unknown): Buffer {
  const isText = typeof data === 'string' && bodyKind(contentType) !== 'json';
  return encodeText(isText ? data : JSON.stringify(data), contentType);
}

/**
 * Refuses a body that a `Content-Encoding` has packed.
 *
 * @throws `MEDIA_TYPE` for any encoding but `identity`.
 */
export function refuseEncoded(contentEncoding: string | undefined): void {
  const encoding = contentEncoding?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return;
  const shown = encoding.replaceAll(/[^\w.,: +-]/g, '?').slice(0, 40);
  throw bodyFail.MEDIA_TYPE(`the body is encoded (Content-Encoding: ${shown}): send it without an encoding`, { sent: 'no' });
}
