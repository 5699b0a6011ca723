/** A text with the position of each character in the original text; absent before the first decoding. */
export interface DecodedText {
  readonly text: string;
  /** Has one more item than the text has characters: the last item is the length of the original text. */
  readonly starts?: readonly number[];
}

/**
 * Percent-encoding in UTF-8 and that of JavaScript's `escape`; escapes of JSON and of string literals; references of HTML and XML. Bytes that
 * are not UTF-8 stay as they are.
 */
const ESCAPES =
  /%u[\da-f]{4}|%[0-7][\da-f]|%[cd][\da-f]%[89ab][\da-f]|%e[\da-f](?:%[89ab][\da-f]){2}|%f[0-7](?:%[89ab][\da-f]){3}|\\u[\da-f]{4}|\\u\{[\da-f]{1,6}\}|\\x[\da-f]{2}|\\["'\\/bfnrt]|&(?:#0*\d{1,7}|#x0*[\da-f]{1,6}|amp|lt|gt|quot|apos);/gi;
const LITERALS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const MAX_CODE_POINT = 0x10ffff;

/** Decodes each escape of the text once. Returns undefined when it has none. */
export function decodeEscapes({ text, starts }: DecodedText): DecodedText | undefined {
  const startOf = (index: number) => (starts ? (starts[index] ?? 0) : index);
  const pieces: string[] = [];
  const decodedStarts: number[] = [];
  let done = 0;
  const keepUntil = (end: number) => {
    pieces.push(text.slice(done, end));
    for (let index = done; index < end; index++) decodedStarts.push(startOf(index));
  };
  for (const { 0: escape, index } of text.matchAll(ESCAPES)) {
    const piece = decoded(escape);
    if (piece === undefined) continue;
    keepUntil(index);
    pieces.push(piece);
    for (let unit = 0; unit < piece.length; unit++) decodedStarts.push(startOf(index));
    done = index + escape.length;
  }
  if (done === 0) return undefined;
  keepUntil(text.length);
  decodedStarts.push(startOf(text.length));
  return { text: pieces.join(''), starts: decodedStarts };
}

function decoded(escape: string): string | undefined {
  const kind = escape.slice(0, 2).toLowerCase();
  if (kind === '%u' || kind === '\\x' || kind === '\\u') return character(parseInt(escape.replace(/^..\{?/, ''), 16));
  if (kind === '&#') return character(/^&#x/i.test(escape) ? parseInt(escape.slice(3), 16) : parseInt(escape.slice(2), 10));
  if (kind.startsWith('&')) return REFERENCES[escape.slice(1, -1).toLowerCase()];
  if (kind.startsWith('%')) return percentDecoded(escape);
  return LITERALS[escape.slice(1).toLowerCase()] ?? escape.slice(1);
}

function character(code: number): string | undefined {
  return code <= MAX_CODE_POINT ? String.fromCodePoint(code) : undefined;
}

function percentDecoded(escape: string): string | undefined {
  try {
    return decodeURIComponent(escape);
  } catch {
    return undefined; // an overlong form, or a surrogate
  }
}
