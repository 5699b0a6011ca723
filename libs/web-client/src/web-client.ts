import type { Closable, FailureOptions, SluiceError } from '@sluice/plugin-api';
import { Pool } from 'undici';
import { addressBelow, type Query } from './address.js';
import type { TlsOptions } from './connection-options.js';
import { exchange, type WebAnswer } from './exchange.js';

export interface WebClientOptions {
  /** As the schema `baseUrl` lets it through. */
  readonly baseUrl: string;
  /** Sockets at most. A request beyond them waits for a free one, and its clock runs. */
  readonly connections: number;
  /** Milliseconds for a whole exchange. */
  readonly timeout: number;
  /** Milliseconds for reaching the server, its TLS handshake included. */
  readonly connectTimeout: number;
  /** Bytes of the largest body of an answer. */
  readonly maxResponse: number;
  readonly tls?: TlsOptions | undefined;
  /** The connector's own error for a connection that breaks off before the whole answer has come: its cure says where to look. */
  readonly cutOff: (message: string, options: FailureOptions) => SluiceError;
}

/** One request below the base URL. */
export interface WebRequest {
  readonly method: string;
  /** Begins with `/`, or is empty for the base URL itself. What must be encoded is encoded. */
  readonly path: string;
  readonly query?: Query | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface ExchangeOptions {
  /** What the request is called in messages, such as `SaveOrder at http://server/base`. Without secrets. */
  readonly where: string;
  /** Gives up when it fires. */
  readonly signal?: AbortSignal;
  /** Milliseconds; counts where it is less than the timeout of the client. */
  readonly withinMs?: number;
}

/** The way to one web server. Never repeats a request, and follows no redirect. */
export class WebClient implements Closable {
  private readonly base: URL;
  private readonly pool: Pool;

  constructor(private readonly options: WebClientOptions) {
    this.base = new URL(options.baseUrl);
    this.pool = new Pool(this.base.origin, {
      connections: options.connections,
      // the clock of an exchange bounds all of it; two more would only disagree with it
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.connectTimeout, ...options.tls },
    });
  }

  /**
   * Sends one request and resolves with its whole answer, whatever its status.
   *
   * Throws `REJECTED` for a path that leads out of the base URL and for a request that HTTP cannot carry, `UNREACHABLE` when it had
   * not left, `cutOff` when it had, `TIMED_OUT` when time is up or the signal has fired, and `BAD_ANSWER` when the answer is too large.
   */
  async exchange(request: WebRequest, { where, signal, withinMs = Infinity }: ExchangeOptions): Promise<WebAnswer> {
    const { method, path, query, headers = {}, body = null } = request;
    const { timeout, maxResponse, cutOff } = this.options;
    return exchange(
      this.pool,
      { method, path: addressBelow(this.base, path, query), headers, body },
      { where, timeoutMs: Math.min(timeout, withinMs), maxResponse, cutOff, ...(signal && { signal }) },
    );
  }

  /** Cuts all connections, those in use included. */
  close(): Promise<void> {
    return this.pool.destroy();
  }
}
