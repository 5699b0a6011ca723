import { bodyFail, charsetOf, decodeBytes, knownEncoding } from './charset.js';

/** The value of a form field. A field that occurs several times has a list of its values, in order. */
export type FormValue = string | string[];

const MAX_FIELDS = 10_000;
const UTF8_MARK = '\u00ef\u00bb\u00bf'; // its bytes, read as Latin-1
/** The form field that names the encoding, as HTML defines it. */
const CHARSET_FIELD = '_charset_=';

/**
 * Reads `application/x-www-form-urlencoded`. The bytes are decoded with the `charset` of the content type, otherwise with the encoding that
 * the field `_charset_` names, otherwise as UTF-8.
 *
 * @returns the fields by name; a field that occurs several times has a list.
 * @throws `BODY_INVALID` with the number of the unreadable field, for more than 10,000 fields, and for JSON that is declared as a form.
 */
export function parseForm(body: Uint8Array, contentType: string): Record<string, FormValue> {
  const written = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  const text = written.startsWith(UTF8_MARK) ? written.slice(UTF8_MARK.length) : written;
  // curl declares every body as a form unless the caller sets another type
  if (/^\s*[{[]/.test(text)) {
    throw bodyFail.BODY_INVALID(
      'the body looks like JSON but is declared as a form: send the header Content-Type: application/json',
      { sent: 'no' },
    );
  }
  const label = charsetOf(contentType) ?? charsetField(text);
  return readFields(text, label === undefined ? 'utf-8' : knownEncoding(label, 'the form'), 'the form');
}

/**
 * Reads the query of an address. Its percent-encoding is UTF-8.
 *
 * @param query the text after the question mark.
 * @returns the parameters by name, as {@link parseForm} returns fields.
 * @throws `BODY_INVALID` with the number of the unreadable parameter.
 */
export function parseQuery(query: string): Record<string, FormValue> {
  return readFields(query, 'utf-8', 'the query');
}

function charsetField(text: string): string | undefined {
  const at = `&${text}`.indexOf(`&${CHARSET_FIELD}`);
  if (at < 0) return undefined;
  const label = text.slice(at + CHARSET_FIELD.length).split('&', 1)[0];
  return label === '' ? undefined : label;
}

function readFields(text: string, encoding: string, what: string): Record<string, FormValue> {
  if (encoding.startsWith('utf-16'))
    throw bodyFail.MEDIA_TYPE(`${what} is UTF-16, which is not supported: send UTF-8`, { sent: 'no' });
  const fields = new Map<string, FormValue>();
  let number = 0;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    if (++number > MAX_FIELDS) throw bodyFail.BODY_INVALID(`${what} has more than ${MAX_FIELDS} fields`, { sent: 'no' });
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const place = `${what} cannot be read: field ${number}`;
    const [key, read] = [decodeField(name, encoding, place), decodeField(value, encoding, place)];
    const before = fields.get(key);
    if (before === undefined) fields.set(key, read);
    else if (typeof before === 'string') fields.set(key, [before, read]);
    else before.push(read);
  }
  return Object.fromEntries(fields);
}

function decodeField(written: string, encoding: string, place: string): string {
  const bytes = written.replaceAll('+', ' ').replaceAll(/%([\da-f]{2})?/gi, (_, hex?: string) => {
    if (hex === undefined) throw bodyFail.BODY_INVALID(`${place}: % is not followed by two hex digits`, { sent: 'no' });
    return String.fromCharCode(parseInt(hex, 16));
  });
  try {
    return decodeBytes(Buffer.from(bytes, 'latin1'), encoding);
  } catch (cause) {
    throw bodyFail.BODY_INVALID(`${place} is not ${encoding}: name its charset in the Content-Type`, { cause, sent: 'no' });
  }
}
