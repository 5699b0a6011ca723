import { adminClient, type AdminClient } from '@sluice/admin-contract';
import { CommandError } from '../exit.js';

const ANSWER_MS = 30_000;

/** Thrown when no host answers. */
export class NoHostError extends CommandError {}

/** Thrown when the host answers 404. */
export class NotFoundError extends CommandError {}

/** The HTTP API of a running host: the admin API, and routes of plugins. Rejects with {@link NoHostError}, {@link NotFoundError}, or a {@link CommandError} of the host. */
export class HostApi {
  /** The admin API of the contract. */
  readonly admin: AdminClient = adminClient((method, path, body) => this.#ask(method, path, body));

  constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.#ask<T>('GET', path);
  }

  post<T = void>(path: string, body: object = {}): Promise<T> {
    return this.#ask<T>('POST', path, body);
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${this.token}`, ...(body && { 'content-type': 'application/json' }) };
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
    throw answer.status === 404 ? new NotFoundError(refusal) : new CommandError(refusal);
  }
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
