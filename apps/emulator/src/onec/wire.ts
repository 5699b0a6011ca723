import type { IncomingMessage, ServerResponse } from 'node:http';

/** The response of a service. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Returns the response of 1C to an exception: the line of the module, then the text. */
export function exception(text: string): Answer {
  return {
    status: 500,
    body: `{ОбщийМодуль.Обмен.Модуль(12)}: ${text}`,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  };
}

export function json(status: number, body: string): Answer {
  return { status, body, headers: { 'content-type': JSON_TYPE } };
}

export function withCookie(answer: Answer, cookie: string | undefined): Answer {
  if (cookie === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'set-cookie': `ibsession=${cookie}; path=/` } };
}

export function send(response: ServerResponse, answer: Answer): void {
  const bytes = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length }).end(bytes);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, json(status, JSON.stringify(value)));
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

export function cookieOf(request: IncomingMessage): string | undefined {
  return /(?:^|;\s*)ibsession=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
}

/** A request whose body is in a character set that 1C does not know. */
export class UnknownCharset extends Error {}

/**
 * Reads the body of a request as 1C does: in the `charset` of its content type, or else by its byte order mark, or else in the encoding of
 * its XML declaration, or else in UTF-8.
 *
 * @throws UnknownCharset for an unknown name
 */
export async function readText(request: IncomingMessage): Promise<string> {
  const bytes = await readBytes(request);
  const label = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? encodingIn(bytes);
  return label === undefined ? bytes.toString('utf8') : decode(bytes, label);
}

/** Reads with events: an async iteration takes a third of the time of the whole call. */
function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

const MAX_DECLARATION_BYTES = 200;

/** Returns the encoding by the byte order mark or the XML declaration of the body. */
function encodingIn(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, MAX_DECLARATION_BYTES);
  if (head.startsWith('\xff\xfe')) return 'utf-16le';
  if (head.startsWith('\xfe\xff')) return 'utf-16be';
  if (head.startsWith('\xef\xbb\xbf')) return 'utf-8';
  return /^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"']+)["']/.exec(head)?.[1];
}

function decode(bytes: Buffer, label: string): string {
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    throw new UnknownCharset(label);
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
