import { isAscii, isUtf8 } from 'node:buffer';
import { failures } from './errors.js';

/** Codes for a body that cannot be read. */
export const BODY_CODES = {
  BODY_INVALID: { fate: 'rejected', cure: 'send a body that matches its Content-Type' },
  MEDIA_TYPE: { fate: 'rejected', cure: 'send JSON, XML, a text or a form' },
} as const;

export const bodyFail = failures(BODY_CODES);

/** The content type of nearly all bodies. Shortcuts for it save microseconds per event. */
const PLAIN_JSON = 'application/json';
const JSON_TYPE = /^application\/(?:[\w.+-]*\+)?json$/;
const TEXT_TYPE = /^(?:text\/.*|application\/(?:[\w.+-]*\+)?xml)$/;
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** How a flow sees a body: a value, a text, a map of fields, or not at all. */
export type BodyKind = 'json' | 'text' | 'form' | 'other';

/** Returns how a flow sees a body of this content type. */
export function bodyKind(contentType: string): BodyKind {
  if (contentType === PLAIN_JSON) return 'json';
  const type = mediaTypeOf(contentType);
  if (JSON_TYPE.test(type)) return 'json';
  if (TEXT_TYPE.test(type)) return 'text';
  return type === FORM_TYPE ? 'form' : 'other';
}

/** Returns the content type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** UTF-32 comes first because its little-endian mark begins like that of UTF-16. */
const BYTE_ORDER_MARKS: readonly (readonly [encoding: string, bytes: readonly number[]])[] = [
  ['utf-32', [0xff, 0xfe, 0, 0]],
  ['utf-32', [0, 0, 0xfe, 0xff]],
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** An XML declaration is short and stands at the very beginning of the document. */
const MAX_DECLARATION_BYTES = 1_024;
const XML_DECLARATION = /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']/;
const HTML_META = /<meta\s[^>]*?charset\s*=\s*["']?([^"'\s/>;]+)/i;
/** Under these names `TextDecoder` would read bytes above 127 as windows-1252. */
const ASCII_LABELS: ReadonlySet<string> = new Set([
  'us-ascii',
  'ascii',
  'ansi_x3.4-1968',
  'iso646-us',
  'iso-ir-6',
  'cp367',
  'ibm367',
]);
/** Code points that `TextDecoder` returns for a byte to which a Windows code page assigns no character. */
const UNASSIGNED = /[\u0080-\u009f]/;
const MAX_LABEL_LENGTH = 40; // characters of a foreign name in a message

/** The encoding of a text and the place that names it. */
interface NamedEncoding {
  readonly encoding: string;
  readonly by: 'mark' | 'document' | 'default';
  /** Bytes of the byte order mark. */
  readonly skip: number;
}

/**
 * Decodes a body to text without its byte order mark. The encoding is that of the mark, otherwise the `charset` of the content type,
 * otherwise that of the XML declaration (RFC 7303) or of `<meta charset>` in HTML, otherwise UTF-8. JSON and XML in UTF-16 without a mark
 * are recognised by their first character. No byte is replaced or guessed.
 *
 * @throws `MEDIA_TYPE` for an unknown encoding, `BODY_INVALID` with the offset for bytes that do not fit the encoding.
 */
export function decodeText(body: Uint8Array, contentType: string): string {
  const { encoding, skip } = encodingOf(body, contentType);
  return decodeBytes(skip === 0 ? body : body.subarray(skip), encoding, skip);
}

/** Returns whether the mark, the content type or the document itself names the encoding of the body. */
export function namesEncoding(body: Uint8Array, contentType: string): boolean {
  try {
    return encodingOf(body, contentType).by !== 'default';
  } catch {
    return true; // it names an encoding that cannot be used
  }
}

const UTF8_BY_DEFAULT: NamedEncoding = { encoding: 'utf-8', by: 'default', skip: 0 };
const OPENING = new Set([0x7b, 0x5b, 0x22]); // { [ "

function encodingOf(body: Uint8Array, contentType: string): NamedEncoding {
  if (contentType === PLAIN_JSON && body.length > 1 && OPENING.has(body[0] ?? 0) && body[1] !== 0) return UTF8_BY_DEFAULT;
  const mark = BYTE_ORDER_MARKS.find(([, bytes]) => bytes.every((byte, index) => body[index] === byte));
  if (mark) {
    if (mark[0] === 'utf-32') throw bodyFail.MEDIA_TYPE('the body is UTF-32, which is not supported: send UTF-8', { sent: 'no' });
    return { encoding: mark[0], by: 'mark', skip: mark[1].length };
  }
  const sniffed = utf16Of(body, contentType);
  const charset = charsetOf(contentType);
  if (charset !== undefined) return decodeNamed(charset, sniffed, 'the Content-Type');
  if (sniffed !== undefined) return { encoding: sniffed, by: 'document', skip: 0 };
  const declared = declaredIn(body, contentType);
  if (declared !== undefined) return decodeNamed(declared, undefined, 'the document');
  return UTF8_BY_DEFAULT;
}

/** Returns the `charset` of a content type. Throws `MEDIA_TYPE` for two that differ. */
export function charsetOf(contentType: string): string | undefined {
  if (!contentType.includes(';')) return undefined;
  const found = [...contentType.matchAll(/;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))/gi)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? '').trim(),
  );
  const [first] = found;
  if (found.some((one) => canonical(one) !== canonical(first ?? '')))
    throw bodyFail.MEDIA_TYPE('the Content-Type names two different charsets', { sent: 'no' });
  return first === '' ? undefined : first;
}

/** Returns one name for all labels of an encoding, so that `utf8` and `UTF-8` are equal. */
function canonical(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return label.toLowerCase();
  }
}

/** The first character of JSON and of XML is ASCII: in UTF-16 one of its two bytes is zero. */
function utf16Of(body: Uint8Array, contentType: string): string | undefined {
  const [first, second] = body;
  const kind = bodyKind(contentType);
  if (first === 0 && (kind === 'json' ? second !== 0 : second === 0x3c)) return 'utf-16be';
  if (second === 0 && (kind === 'json' ? first !== 0 : first === 0x3c)) return 'utf-16le';
  return undefined;
}

function declaredIn(body: Uint8Array, contentType: string): string | undefined {
  const kind = bodyKind(contentType);
  if (kind === 'json' || kind === 'form') return undefined;
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, MAX_DECLARATION_BYTES)).toString('latin1');
  const [, declared] =
    XML_DECLARATION.exec(head) ?? (mediaTypeOf(contentType) === 'text/html' ? HTML_META.exec(head) : null) ?? [];
  return declared;
}

function decodeNamed(label: string, sniffed: string | undefined, where: 'the Content-Type' | 'the document'): NamedEncoding {
  const encoding = knownEncoding(label, where);
  if (encoding !== 'utf-16') return { encoding, by: 'document', skip: 0 };
  if (sniffed !== undefined) return { encoding: sniffed, by: 'document', skip: 0 };
  throw bodyFail.BODY_INVALID(
    `${where} names ${label}, and the body has no byte order mark: begin it with one, or name utf-16le or utf-16be`,
    { sent: 'no' },
  );
}

/** Returns the name of the encoding in `TextDecoder`; `utf-16` if the label does not state the byte order, `ascii` for ASCII. */
export function knownEncoding(label: string, where: string): string {
  const lower = label.trim().toLowerCase();
  if (ASCII_LABELS.has(lower)) return 'ascii';
  try {
    const { encoding } = new TextDecoder(lower);
    return encoding === 'utf-16le' && lower !== 'utf-16le' ? 'utf-16' : encoding;
  } catch {
    const shown = label.replaceAll(/[^\w.:+-]/g, '?').slice(0, MAX_LABEL_LENGTH);
    throw bodyFail.MEDIA_TYPE(`${where} names the charset "${shown}", which is not known: send UTF-8`, { sent: 'no' });
  }
}

/** Decodes bytes without a mark. `offset`: their position in the body, for the message. */
export function decodeBytes(bytes: Uint8Array, encoding: string, offset = 0): string {
  if (encoding === 'utf-8' || encoding === 'ascii') {
    const fits = encoding === 'ascii' ? isAscii(bytes) : isUtf8(bytes);
    if (fits) {
      const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return buffer.toString(encoding === 'ascii' ? 'latin1' : 'utf8');
    }
    const at = encoding === 'ascii' ? bytes.findIndex((byte) => byte > 0x7f) : positionOfMistake(bytes, encoding);
    throw unreadable(encoding, offset + at);
  }
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unreadable(encoding, offset + positionOfMistake(bytes, encoding));
  }
  // in these encodings one byte is one character
  const unassigned = encoding.startsWith('windows-') ? text.search(UNASSIGNED) : -1;
  if (unassigned >= 0) throw unreadable(encoding, offset + unassigned);
  return text;
}

function unreadable(encoding: string, offset: number): Error {
  const name = encoding === 'utf-8' ? 'UTF-8' : encoding;
  return bodyFail.BODY_INVALID(`the body is not ${name}: its bytes cannot be read from offset ${offset} on`, {
    details: { encoding, offset },
    sent: 'no',
  });
}

const STRIDE = 4_096;

/** Returns the offset of the byte at which decoding fails, or the length if the end is missing. */
function positionOfMistake(bytes: Uint8Array, encoding: string): number {
  const stride = firstFailure(bytes, encoding, 0, STRIDE);
  return firstFailure(bytes, encoding, stride, 1);
}

/** Decodes everything before `from` at once and the rest in steps. Returns the offset of the step that fails. */
function firstFailure(bytes: Uint8Array, encoding: string, from: number, step: number): number {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let at = from;
  try {
    decoder.decode(bytes.subarray(0, from), { stream: true });
    for (; at < bytes.length; at += step) decoder.decode(bytes.subarray(at, at + step), { stream: true });
  } catch {
    return at;
  }
  return bytes.length;
}

/**
 * Encodes a text in the encoding with which {@link decodeText} decodes it: the `charset` of the content type, otherwise the encoding that
 * its XML declaration names, otherwise UTF-8.
 *
 * @throws `MEDIA_TYPE` for an encoding that is unknown or cannot be written, `BODY_INVALID` with the position for a character that the
 *   encoding does not have.
 */
export function encodeText(text: string, contentType: string): Buffer {
  const label = charsetOf(contentType) ?? (bodyKind(contentType) === 'text' ? XML_DECLARATION.exec(text)?.[1] : undefined);
  const encoding = label === undefined ? 'utf-8' : knownEncoding(label, 'the Content-Type or the XML declaration');
  switch (encoding) {
    case 'utf-8': {
      if (!text.isWellFormed()) throw unwritable(text.search(/\p{Surrogate}/u), encoding);
      return Buffer.from(text, 'utf8');
    }
    case 'utf-16':
      return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    case 'utf-16le':
      return Buffer.from(text, 'utf16le');
    case 'utf-16be':
      return Buffer.from(text, 'utf16le').swap16();
  }
  const bytes = Buffer.allocUnsafe(text.length);
  const known = bytesOf(encoding);
  for (let index = 0; index < text.length; index++) {
    const byte = known.get(text[index] as string);
    if (byte === undefined) throw unwritable(index, encoding);
    bytes[index] = byte;
  }
  return bytes;
}

function unwritable(position: number, encoding: string): Error {
  return bodyFail.BODY_INVALID(`the character at position ${position} cannot be written in ${encoding}`, { sent: 'no' });
}

/** Encodings that use several bytes per character. */
const MULTIBYTE = /^(?:gb|big5|euc-|shift_jis|iso-2022)/;
const writable = new Map<string, ReadonlyMap<string, number>>();

/** Returns the byte of each character of a single-byte encoding. */
function bytesOf(encoding: string): ReadonlyMap<string, number> {
  let known = writable.get(encoding);
  if (known) return known;
  if (MULTIBYTE.test(encoding)) throw bodyFail.MEDIA_TYPE(`a text cannot be written in ${encoding}: name UTF-8`, { sent: 'no' });
  const pairs: [string, number][] = [];
  for (let byte = 0; byte < 256; byte++) {
    try {
      pairs.push([decodeBytes(Uint8Array.of(byte), encoding), byte]);
    } catch {
      // the encoding assigns no character to this byte
    }
  }
  writable.set(encoding, (known = new Map(pairs)));
  return known;
}
