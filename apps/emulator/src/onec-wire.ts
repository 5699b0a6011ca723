import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the service answers. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** As 1C shows an exception: the place in the module, then the text. */
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

/** By events: iterating costs a third of the whole call. */
export function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
