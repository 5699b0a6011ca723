import { decodeEscapes, type DecodedText } from './decode-escapes.js';

const MASK = '***';
/** A shorter value is part of many words: it is masked only where it stands alone. */
const MIN_FREE_LENGTH = 4;
/** Minimum length of a text that another program may have cut off. A shorter text counts as cut only when it ends with an ellipsis. */
const MIN_CUT_TEXT_LENGTH = 200;
/** Places of one text at which it may have been cut. */
const MAX_CUTS = 100;
/** JSON within JSON within JSON, in an address: a text that is encoded more often is not decoded further. */
const MAX_DECODINGS = 5;
/** Begins a search for secrets that are encoded. */
const HAS_ESCAPE = /[%\\&]/;
/** A part of an escape, where the text was cut in the middle of one. */
const CUT_ESCAPE = /(?:(?:%[\da-f]{2}){0,3}%[\da-f]?|(?:%[\da-f]{2}){1,3}|\\(?:u[\da-f]{0,3})?|&#?[\da-z]{0,6})$/i;
const MAX_CUT_ESCAPE_LENGTH = 12;
const ENCODED_LETTER = /[\w+/-]/;
const ELLIPSIS = /…|\.{3}/g;

type Range = readonly [start: number, end: number];

/** A text by which a secret is recognised. */
interface Form {
  readonly text: string;
  /** Is it part of a longer word of Base64 or hexadecimal digits? */
  readonly isEncoded: boolean;
}

/**
 * Finds secrets in texts, in one pass for all of them. A secret is found
 *
 * - as it is, and after each of the decodings of `decodeEscapes`, so that escapes may be nested and mixed;
 * - in hexadecimal digits, and in Base64 and its variant for addresses, at whatever place of the encoded bytes it begins: after a user's name
 *   as in HTTP's Basic scheme, or within a whole header;
 * - cut off, where the text ends or an ellipsis follows.
 */
export class SecretSearch {
  readonly #words: RegExp | undefined;
  /** By their first characters, the longest first: one may begin another. */
  readonly #forms = new Map<string, Form[]>();
  /** Whether some form begins with two characters of this hash. Nearly all places of a text are passed over by it. */
  readonly #beginnings = new Uint8Array(2 ** 16);
  #maxLength = 0;

  constructor(values: Iterable<string>) {
    const all = [...values];
    const short = all.filter((value) => value.length < MIN_FREE_LENGTH);
    if (short.length > 0) this.#words = new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives(short)})(?![\\p{L}\\p{N}])`, 'gu');
    for (const value of all.filter((one) => one.length >= MIN_FREE_LENGTH)) {
      for (const text of plainForms(value)) this.#addForm({ text, isEncoded: false });
      for (const text of encodedForms(value)) this.#addForm({ text, isEncoded: true });
    }
    for (const forms of this.#forms.values()) forms.sort((a, b) => b.text.length - a.text.length);
  }

  /** @returns the text with every secret replaced by `***` */
  mask(text: string): string {
    const found: Range[] = [];
    let decoded: DecodedText | undefined = { text };
    for (let n = 0; decoded !== undefined && n <= MAX_DECODINGS; n++) {
      this.#find(decoded, found);
      decoded = HAS_ESCAPE.test(decoded.text) ? decodeEscapes(decoded) : undefined;
    }
    return found.length === 0 ? text : replaceRanges(text, found);
  }

  #addForm(form: Form): void {
    if (form.text.length < MIN_FREE_LENGTH) return;
    const head = form.text.slice(0, MIN_FREE_LENGTH);
    const same = this.#forms.get(head);
    if (same) same.push(form);
    else this.#forms.set(head, [form]);
    this.#beginnings[hashAt(form.text, 0)] = 1;
    this.#maxLength = Math.max(this.#maxLength, form.text.length);
  }

  #find({ text, starts }: DecodedText, found: Range[]): void {
    const add = (start: number, end: number) => found.push(starts ? [starts[start] ?? 0, starts[end] ?? 0] : [start, end]);
    if (this.#words) for (const { 0: word, index } of text.matchAll(this.#words)) add(index, index + word.length);
    for (let index = 0; index + MIN_FREE_LENGTH <= text.length; index++) {
      const form = this.#formsAt(text, index)?.find((one) => text.startsWith(one.text, index));
      if (!form) continue;
      const [start, end]: Range = form.isEncoded
        ? wholeWord(text, index, index + form.text.length)
        : [index, index + form.text.length];
      add(start, end);
      index = end - 1;
    }
    this.#findCut(text, add);
  }

  #formsAt(text: string, index: number): readonly Form[] | undefined {
    if (this.#beginnings[hashAt(text, index)] === 0) return undefined;
    return this.#forms.get(text.slice(index, index + MIN_FREE_LENGTH));
  }

  #findCut(text: string, add: (start: number, end: number) => void): void {
    const cuts = text.length >= MIN_CUT_TEXT_LENGTH ? [text.length] : [];
    for (const { index } of text.matchAll(ELLIPSIS)) if (cuts.push(index) === MAX_CUTS) break;
    for (const end of cuts) {
      const escape = CUT_ESCAPE.exec(text.slice(Math.max(0, end - MAX_CUT_ESCAPE_LENGTH), end))?.[0] ?? '';
      const start = this.#cutSecret(text, end - escape.length);
      if (start !== undefined) add(start, end);
    }
  }

  /** @returns where the secret begins whose first part stands before `end` */
  #cutSecret(text: string, end: number): number | undefined {
    for (let index = Math.max(0, end - this.#maxLength); index + MIN_FREE_LENGTH <= end; index++) {
      const part = end - index;
      const forms = this.#formsAt(text, index);
      if (forms?.some((form) => part <= form.text.length && text.startsWith(form.text.slice(0, part), index))) return index;
    }
    return undefined;
  }
}

function hashAt(text: string, index: number): number {
  return (text.charCodeAt(index) * 257 + text.charCodeAt(index + 1)) & 0xffff;
}

/** The whole word of Base64 or hexadecimal digits around a secret: the letters at both ends of the secret contain some of its bits. */
function wholeWord(text: string, start: number, end: number): Range {
  let [first, last] = [start, end];
  while (first > 0 && ENCODED_LETTER.test(text.charAt(first - 1))) first--;
  while (last < text.length && ENCODED_LETTER.test(text.charAt(last))) last++;
  while (text.charAt(last) === '=') last++;
  return [first, last];
}

function replaceRanges(text: string, ranges: readonly Range[]): string {
  let masked = '';
  let done = 0;
  for (const [start, end] of ranges.toSorted(([a], [b]) => a - b)) {
    if (start >= done) masked += text.slice(done, start) + MASK;
    done = Math.max(done, end);
  }
  return masked + text.slice(done);
}

function alternatives(texts: readonly string[]): string {
  const literals = texts.toSorted((a, b) => b.length - a.length).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return literals.join('|');
}

/** The value itself, as a form of HTTP writes its spaces, and decoded as far as a text that contains it is decoded. */
function plainForms(value: string): ReadonlySet<string> {
  let decoded: DecodedText | undefined = { text: value };
  let last = value;
  for (let n = 0; decoded !== undefined && n < MAX_DECODINGS; n++) {
    last = decoded.text;
    decoded = decodeEscapes(decoded);
  }
  return new Set([value, value.replaceAll(' ', '+'), last]);
}

function encodedForms(value: string): readonly string[] {
  const bytes = [Buffer.from(value)];
  // how HTTP's Basic scheme was encoded before RFC 7617
  if (/[\x80-\xff]/.test(value) && !/[^\0-\xff]/.test(value)) bytes.push(Buffer.from(value, 'latin1'));
  return bytes.flatMap((one) => {
    const base64 = [0, 1, 2].map((offset) => inBase64(one, offset));
    const hex = one.toString('hex');
    return [...base64, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')), hex, hex.toUpperCase()];
  });
}

/**
 * The letters of Base64 that depend on these bytes alone, where they begin `offset` bytes after a multiple of three.
 */
function inBase64(bytes: Buffer, offset: number): string {
  const letters = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return letters.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
