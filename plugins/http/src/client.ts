import { fail, type Closable } from '@sluice/plugin-api';
import type { Pool } from 'undici';
import { readAnswer } from './answer.js';
import type { Config } from './config.js';
import { exchange, openPool } from './transport.js';

/** One request under the base URL. */
export interface ServiceRequest {
  readonly method: string;
  /** Below the base URL; begins with `/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Narrow interface over one web service. */
export interface HttpClient extends Closable {
  /** The body of the answer. Throws a SluiceError by its status; never asks twice, and follows no redirect. */
  send(request: ServiceRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown>;
  /** Throws when the service cannot be reached. */
  check(): Promise<void>;
}

const CONNECTIONS = 64;
const CHECK_WITHIN_MS = 10_000;

export class FetchingHttpClient implements HttpClient {
  private readonly base: URL;
  private readonly pool: Pool;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(private readonly config: Config) {
    this.base = new URL(config.baseUrl);
    this.pool = openPool(this.base.origin, config, CONNECTIONS);
    this.headers = {
      accept: 'application/json, text/*;q=0.9, */*;q=0.8',
      ...Object.fromEntries(Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value])),
      ...(config.token !== undefined && { authorization: `Bearer ${config.token}` }),
    };
  }

  async send(request: ServiceRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown> {
    const where = `${request.method} ${this.config.baseUrl.replace(/\/+$/, '')}${request.path}`;
    const { timeout, maxResponse } = this.config;
    const answer = await exchange(
      this.pool,
      {
        method: request.method,
        path: this.address(request),
        headers: { ...this.headers, ...request.headers, 'idempotency-key': call.id },
        ...(request.body !== undefined && { body: request.body }),
      },
      { timeoutMs: timeout, maxResponse, signal: call.signal },
      where,
    );
    return readAnswer(answer, where);
  }

  async check(): Promise<void> {
    const limits = { timeoutMs: Math.min(this.config.timeout, CHECK_WITHIN_MS), maxResponse: this.config.maxResponse };
    await exchange(
      this.pool,
      { method: 'HEAD', path: this.base.pathname, headers: this.headers },
      limits,
      `HEAD ${this.config.baseUrl}`,
    );
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }

  private address({ path, query }: ServiceRequest): string {
    const root = this.base.pathname.replace(/\/+$/, '');
    const url = new URL(this.base);
    url.pathname = root + path; // encodes what must be encoded, and resolves `..`
    if (url.pathname !== root && !url.pathname.startsWith(`${root}/`))
      throw fail.REJECTED(`the path ${path} leads out of the base URL`, { sent: 'no' });
    url.search = new URLSearchParams(query).toString().replaceAll('+', '%20'); // a plus is a space in forms only
    return url.pathname + url.search;
  }
}
