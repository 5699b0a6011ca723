/** Encodings of dialplans. */
export const CHARSETS = ['utf-8', 'windows-1251', 'koi8-r', 'ibm866'] as const;

export type CharsetName = (typeof CHARSETS)[number];

/** Converts texts of the exchange to bytes and back. Asterisk itself passes bytes on unchanged. */
export interface Charset {
  decode(bytes: Buffer): string;
  /** A letter that the encoding does not have becomes a question mark. */
  encode(text: string): Buffer;
}

const UTF8: Charset = { decode: (bytes) => bytes.toString('utf8'), encode: (text) => Buffer.from(text, 'utf8') };

export function charsetOf(name: CharsetName): Charset {
  return name === 'utf-8' ? UTF8 : singleByte(name);
}

function singleByte(name: CharsetName): Charset {
  const decoder = new TextDecoder(name);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
  const codes = new Map([...decoder.decode(bytes)].map((letter, code) => [letter, code]));
  const unknown = '?'.charCodeAt(0);
  return {
    decode: (text) => decoder.decode(text),
    encode: (text) => Buffer.from([...text].map((letter) => codes.get(letter) ?? unknown)),
  };
}
