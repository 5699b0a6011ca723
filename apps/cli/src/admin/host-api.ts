import { adminClient, type AdminClient } from '@sluice/admin-contract';
import { CommandError } from '../exit.js';

const ANSWER_MS = 30_000;

/** Thrown when no host answers. */
export class NoHostError extends CommandError {}

/** Thrown when the host answers 404. */
export class NotFoundError extends CommandError {}

/** Thrown when the host answers 401: it refuses the token, and would refuse it in further requests. */
export class TokenRefusedError extends CommandError {}

/** Resolves with the token for one request. */
export type TokenSource = () => Promise<string>;

/** The HTTP API of a running host: the admin API, and routes of plugins. Rejects with {@link NoHostError}, {@link NotFoundError}, {@link TokenRefusedError}, or a {@link CommandError} of the host. */
export class HostApi {
  /** The admin API of the contract. */
  readonly admin: AdminClient = adminClient((method, path, body) => this.#ask(method, path, body));

  /** @param token one token for all requests, or a function that resolves with the token of each request */
  constructor(
    readonly url: string,
    private readonly token: string | TokenSource,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.#ask<T>('GET', path);
  }

  post<T = void>(path: string, body: object = {}): Promise<T> {
    return this.#ask<T>('POST', path, body);
  }

  patch<T = void>(path: string, body: object): Promise<T> {
    return this.#ask<T>('PATCH', path, body);
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const token = typeof this.token === 'string' ? this.token : await this.token();
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new NoHostError(
        `no host answers at ${this.url} (${reasonOf(error)}): start one with "sluice run", or set SLUICE_URL`,
      );
    });
    const text = await answer.text();
    if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
    const refusal = refusalOf(answer.status, text, this.url);
    throw errorOf(answer.status, refusal);
  }
}

function errorOf(status: number, refusal: string): CommandError {
  if (status === 401) return new TokenRefusedError(refusal);
  return status === 404 ? new NotFoundError(refusal) : new CommandError(refusal);
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string }; message: string };
  return cause?.code ?? message;
}

function refusalOf(status: number, text: string, url: string): string {
  const { message, cure } = parseProblem(text);
  if (typeof message !== 'string') return `${url} answered ${status}: check that SLUICE_URL is the address of a host of Sluice`;
  return typeof cure !== 'string' || message.includes(cure) ? message : `${message}: ${cure}`;
}

/** Parses the error of a host. Returns an empty object for any other text. */
function parseProblem(text: string): { readonly message?: unknown; readonly cure?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}
