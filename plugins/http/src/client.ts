import type { Closable } from '@sluice/plugin-api';
import { lowerCase, WebClient, type WebRequest } from '@sluice/web-client';
import { readAnswer } from './answer.js';
import type { Config } from './config.js';
import { http } from './failures.js';

/** The calls of this plugin to one web service. */
export interface HttpClient extends Closable {
  /** Sends a request once, without following redirects, and resolves with the body. Rejects with the SluiceError of the status. */
  send(request: WebRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown>;
  /** Rejects when the service cannot be reached. */
  check(): Promise<void>;
}

const CONNECTIONS = 64;
const CHECK_WITHIN_MS = 10_000;

export class FetchingHttpClient implements HttpClient {
  private readonly web: WebClient;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(private readonly config: Config) {
    this.web = new WebClient({ ...config, connections: CONNECTIONS, cutOff: http.HTTP_CUT_OFF });
    this.headers = {
      accept: 'application/json, text/*;q=0.9, */*;q=0.8',
      ...lowerCase(config.headers),
      ...(config.token !== undefined && { authorization: `Bearer ${config.token}` }),
    };
  }

  async send(request: WebRequest, call: { readonly id: string; readonly signal: AbortSignal }): Promise<unknown> {
    const where = `${request.method} ${this.config.baseUrl.replace(/\/+$/, '')}${request.path}`;
    const headers = { ...this.headers, ...request.headers, 'idempotency-key': call.id };
    return readAnswer(await this.web.exchange({ ...request, headers }, { where, signal: call.signal }), where);
  }

  async check(): Promise<void> {
    const request = { method: 'HEAD', path: '', headers: this.headers };
    await this.web.exchange(request, { where: `HEAD ${this.config.baseUrl}`, withinMs: CHECK_WITHIN_MS });
  }

  close(): Promise<void> {
    return this.web.close();
  }
}
