import type { IncomingHttpHeaders } from 'node:http';
import { fail, type Sent, type SluiceError } from '@sluice/plugin-api';
import { Pool, type Dispatcher } from 'undici';
import type { Config } from './config.js';
import { http } from './failures.js';

export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly maxResponse: number;
  readonly signal?: AbortSignal;
}

/** Connections to one server: kept alive, as many as there are calls at once, and never more than `connections`. */
export function openPool(origin: string, config: Config, connections: number): Pool {
  return new Pool(origin, {
    connections,
    // The clock of `exchange` bounds the whole call; two more would only disagree with it.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: config.connectTimeout, ...definedOnly(config.tls ?? {}) },
  });
}

/**
 * One request and its whole answer, whatever its status. Throws a SluiceError that knows whether the request had left: `UNREACHABLE`
 * (it had not), `TIMED_OUT` (no answer in time, or the signal fired), `HTTP_CUT_OFF`, `BAD_ANSWER` (too large).
 */
export function exchange(pool: Dispatcher, request: RawRequest, limits: ExchangeLimits, where: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const handler = new AnswerCollector(limits.maxResponse, where, resolve, (error) => {
      release();
      reject(error);
    });
    const giveUp = (why: string) => handler.giveUp(fail.TIMED_OUT(`${where}: ${why}`, { sent: handler.sent }));
    const timer = setTimeout(() => giveUp(`no answer within ${limits.timeoutMs / 1000} s`), limits.timeoutMs);
    const aborted = () => giveUp('given up before the answer came');
    const release = () => {
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', aborted);
    };
    handler.whenDone = release;
    if (limits.signal?.aborted) return aborted();
    limits.signal?.addEventListener('abort', aborted, { once: true });
    pool.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
      },
      handler,
    );
  });
}

/** Collects one answer, and remembers whether the request had left. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  sent: Sent = 'no';
  whenDone: () => void = () => undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private chunks: Buffer[] = [];
  private length = 0;
  private over = false;

  constructor(
    private readonly maxResponse: number,
    private readonly where: string,
    private readonly resolve: (answer: RawAnswer) => void,
    private readonly reject: (error: SluiceError) => void,
  ) {}

  /** Fails now. A request that still waits for a connection is cancelled when it gets one, before it is written. */
  giveUp(error: SluiceError): void {
    if (this.over) return;
    this.over = true;
    this.reject(error);
    this.controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) return controller.abort(new Error('given up'));
    this.sent = 'unknown'; // the next thing that happens is the write
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.length += chunk.length;
    if (this.length > this.maxResponse) {
      return this.giveUp(
        fail.BAD_ANSWER(`${this.where}: the answer is larger than maxResponse, ${this.maxResponse} bytes`, { sent: 'yes' }),
      );
    }
    this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.over = true;
    this.whenDone();
    this.resolve({ status: this.status, headers: this.headers, body: Buffer.concat(this.chunks, this.length) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.giveUp(networkFailure(error, this.sent, this.where));
  }
}

function networkFailure(error: Error, sent: Sent, where: string): SluiceError {
  const code = (error as { code?: unknown }).code;
  const reason = typeof code === 'string' ? `${error.message} (${code})` : error.message;
  if (code === 'UND_ERR_INVALID_ARG')
    return fail.REJECTED(`${where}: this request cannot be written: ${error.message}`, { sent: 'no' });
  if (sent === 'no') return fail.UNREACHABLE(`${where}: ${reason}`, { cause: error, sent });
  return http.HTTP_CUT_OFF(`${where}: the connection was cut before the answer came: ${reason}`, { cause: error, sent });
}

function definedOnly<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}
