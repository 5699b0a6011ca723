import type { IncomingHttpHeaders } from 'node:http';

const CP1251 = 'windows-1251'; // what a Russian Windows writes when a service names no encoding

/**
 * The body as text, without a byte order mark. In the encoding that the header names; where that is missing, unknown or wrong, in
 * UTF-8, and where the bytes are not UTF-8, in windows-1251.
 */
export function decodeBody(body: Buffer, headers: IncomingHttpHeaders): string {
  for (const label of [charsetOf(headers['content-type']), 'utf-8']) {
    const text = label === undefined ? undefined : tryDecode(body, label);
    if (text !== undefined) return text;
  }
  return new TextDecoder(CP1251).decode(body);
}

/**
 * A JSON text as data. A whole number that JavaScript would round, such as an account of twenty digits, stays the text that it is. Throws a
 * SyntaxError for what is no JSON.
 */
export function parseJsonText(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const rounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded ? text.trim() : value;
}

/** The content type without its parameters, in lower case. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function charsetOf(contentType: string | undefined): string | undefined {
  return /;\s*charset="?([^";\s]+)/i.exec(contentType ?? '')?.[1];
}

function tryDecode(body: Buffer, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(body);
  } catch {
    return undefined; // an unknown label, or bytes that do not fit it
  }
}
