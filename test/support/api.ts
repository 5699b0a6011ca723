import { signToken } from './tokens.js';

/** An HTTP response with its complete body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text when it is not JSON. */
  readonly body: unknown;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Bearer token. Absent: a token of the operator that may send events. Null: no token. */
  readonly token?: string | null;
}

export async function ask(url: string, { method = 'GET', headers = {}, body, token }: Ask = {}): Promise<Answer> {
  const bearer = token === undefined ? await signToken() : token;
  const answer = await fetch(url, {
    method,
    headers: { ...(bearer !== null && { authorization: `Bearer ${bearer}` }), ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: parsed(text) };
}

/** Sends data as JSON with POST. */
export function post(url: string, data: unknown, options: Ask = {}): Promise<Answer> {
  return ask(url, {
    method: 'POST',
    body: JSON.stringify(data),
    ...options,
    headers: { 'content-type': 'application/json', ...options.headers },
  });
}

/** Calls the admin API of a host: GET without a body, otherwise POST. Rejects for an error status. */
export async function admin<T>(host: string, path: string, body?: object): Promise<T> {
  const token = await signToken({ sub: 'operator', scope: 'admin' });
  const answer = body === undefined ? await ask(host + path, { token }) : await post(host + path, body, { token });
  if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

/** Returns the items of a page of a list of the admin API. */
export async function adminList<T>(host: string, path: string): Promise<readonly T[]> {
  return (await admin<{ items: readonly T[] }>(host, path)).items;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
