import type { SourceFile } from '../model.js';

export interface DecodedFile {
  /** The text without a byte order mark. Bytes that are not UTF-8 become replacement characters. */
  readonly text: string;
  readonly problem?: { readonly offset: number; readonly message: string; readonly cure: string };
}

/** Decodes a file from UTF-8. Detects other encodings only to name them in the message. */
export function decodeFile(file: SourceFile): DecodedFile {
  const [first, second] = file.bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return notUtf8('', 'UTF-16');
  // UTF-16 without a byte order mark is valid UTF-8, with a zero byte beside each Latin letter
  if (file.bytes.includes(0)) return notUtf8('', 'UTF-16');
  try {
    return { text: STRICT_UTF8.decode(file.bytes) };
  } catch {
    return notUtf8(new TextDecoder('utf-8').decode(file.bytes), looksLikeWindows1251(file.bytes) ? 'Windows-1251' : undefined);
  }
}

/** Shared, because a workspace may have many files. Removes a byte order mark. */
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });

function notUtf8(text: string, looksLike: string | undefined): DecodedFile {
  const guess = looksLike === undefined ? '' : `; it looks like ${looksLike}`;
  return {
    text,
    problem: { offset: Math.max(0, text.indexOf('\ufffd')), message: `this is not UTF-8${guess}`, cure: 'save it as UTF-8' },
  };
}

/** Returns whether at least 80 % of the bytes above 0x7F are Cyrillic letters of Windows-1251 (0xC0 to 0xFF, 0xA8 and 0xB8). */
function looksLikeWindows1251(bytes: Uint8Array): boolean {
  let high = 0;
  let letters = 0;
  for (const byte of bytes) {
    if (byte >= 0x80) high++;
    if (byte >= 0xc0 || byte === 0xa8 || byte === 0xb8) letters++;
  }
  return letters * 10 >= high * 8;
}
