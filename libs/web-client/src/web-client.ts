import { createRequire } from 'node:module';
import type { Closable, FailureOptions, SluiceError } from '@sluice/plugin-api';
import type { Pool } from 'undici';
import { addressBelow, type Query } from './address.js';
import type { TlsOptions } from './connection-options.js';
import { exchange, type WebAnswer } from './exchange.js';

const require = createRequire(import.meta.url);

/** Options of {@link WebClient}. */
export interface WebClientOptions {
  /** An address that the schema `baseUrl` accepts. */
  readonly baseUrl: string;
  /** Maximum number of sockets. A further request waits for a free one, and the wait counts for its timeout. */
  readonly connections: number;
  /** Timeout of a whole exchange, in milliseconds. */
  readonly timeout: number;
  /** Timeout of the connection including the TLS handshake, in milliseconds. */
  readonly connectTimeout: number;
  /** Maximum size of the body of an answer, in bytes. */
  readonly maxResponse: number;
  readonly tls?: TlsOptions | undefined;
  /** Creates the connector's error for a connection that is cut before the whole answer has arrived. */
  readonly cutOff: (message: string, options: FailureOptions) => SluiceError;
}

/** One request below the base URL. */
export interface WebRequest {
  readonly method: string;
  /** Begins with `/`, or is empty for the base URL itself. Special characters are encoded. */
  readonly path: string;
  readonly query?: Query | undefined;
  /** Headers by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Options of {@link WebClient.exchange}. */
export interface ExchangeOptions {
  /** Description of the request for messages, such as `SaveOrder at http://server/base`. Without secrets. */
  readonly where: string;
  /** Aborts the exchange when it fires. */
  readonly signal?: AbortSignal;
  /** Timeout of this exchange in milliseconds, if it is shorter than that of the client. */
  readonly withinMs?: number;
}

/** Client for one web server. It never repeats a request and follows no redirect. */
export class WebClient implements Closable {
  private readonly base: URL;
  private readonly pool: Pool;

  constructor(private readonly options: WebClientOptions) {
    this.base = new URL(options.baseUrl);
    // loaded with the first client: lint opens no connection, and undici has more than a hundred modules
    const undici = require('undici') as typeof import('undici');
    this.pool = new undici.Pool(this.base.origin, {
      connections: options.connections,
      // the timeout of an exchange covers all of it, so undici's own timeouts are disabled
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.connectTimeout, ...options.tls },
    });
  }

  /**
   * Sends one request and resolves with its whole answer, whatever its status.
   *
   * @throws `REJECTED` for a path that leads out of the base URL and for a request that HTTP cannot carry, `UNREACHABLE` if the request was
   *   not sent, the error of `cutOff` if it was sent and the connection was cut, `TIMED_OUT` when the time is over or the signal fires, and
   *   `BAD_ANSWER` for an answer that is too large or cannot be decompressed.
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

  /** Closes all connections, including those in use. */
  close(): Promise<void> {
    return this.pool.destroy();
  }
}
