import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from 'node:zlib';
import { fail, systemClock, type FailureOptions, type Sent, type SluiceError } from '@sluice/plugin-api';
import type { Dispatcher } from 'undici';

/** A whole answer. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Terms {
  readonly where: string;
  readonly timeoutMs: number;
  readonly maxResponse: number;
  readonly cutOff: (message: string, options: FailureOptions) => SluiceError;
  readonly signal?: AbortSignal;
}

/** Decompression by encoding. It does not block the event loop, and stops at the limit of the output. */
const UNPACK: Readonly<Record<string, (packed: Buffer, options: ZlibOptions) => Promise<Buffer>>> = {
  gzip: promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  'x-gzip': promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  br: promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress),
  // servers send both zlib's format and raw deflate under this name
  deflate: (packed, options) => promisify<Buffer, ZlibOptions, Buffer>(isZlib(packed) ? inflate : inflateRaw)(packed, options),
};
const MAX_ENCODINGS = 3;

/** Codes of undici for a request that it refuses to write. */
const UNWRITABLE: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED']);

/** Sends one request and resolves with its whole answer. For the errors see {@link WebClient.exchange}. */
export async function exchange(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, terms: Terms): Promise<WebAnswer> {
  const { where, timeoutMs, signal } = terms;
  const collector = new AnswerCollector(terms);
  const giveUp = (why: string) => collector.giveUp(fail.TIMED_OUT(`${where}: ${why}`, { sent: collector.sent }));
  const aborted = () => giveUp('the signal fired before the answer arrived');
  // the timers of Node fire at once for more than 24 days
  const timer = systemClock.after(timeoutMs, () => giveUp(`no answer within ${timeoutMs / 1000} s`));
  signal?.addEventListener('abort', aborted, { once: true });
  try {
    if (signal?.aborted) aborted();
    else dispatcher.dispatch(request, collector);
    return await unpacked(await collector.answer, terms);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', aborted);
  }
}

/**
 * Undoes the `Content-Encoding` of an answer. A server may use one although the request asks for none (RFC 9110, 12.5.3). Rejects with
 * `BAD_ANSWER` for an unknown encoding, for broken data and for more than `maxResponse` bytes; an answer other than 2xx keeps its status
 * and loses its text instead.
 */
async function unpacked(answer: WebAnswer, { where, maxResponse }: Terms): Promise<WebAnswer> {
  const encodings = (answer.headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one !== 'identity');
  if (encodings.length === 0 || answer.body.length === 0) return answer;
  try {
    let { body } = answer;
    if (encodings.length > MAX_ENCODINGS) throw new Error(`it has more than ${MAX_ENCODINGS} encodings`);
    for (const encoding of [...encodings].reverse()) {
      const unpack = Object.hasOwn(UNPACK, encoding) ? UNPACK[encoding] : undefined;
      if (!unpack) throw new Error('the encoding is unknown');
      body = await unpack(body, { maxOutputLength: maxResponse });
    }
    return { ...answer, body };
  } catch (cause) {
    if (answer.status < 200 || answer.status >= 300) return { ...answer, body: Buffer.alloc(0) };
    const reason =
      (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
        ? `it is larger than maxResponse, ${maxResponse} bytes`
        : (cause as Error).message;
    const shown = encodings
      .join(', ')
      .replaceAll(/[^\w., -]/g, '?')
      .slice(0, 40);
    throw fail.BAD_ANSWER(`${where}: the answer (Content-Encoding: ${shown}) cannot be unpacked: ${reason}`, {
      sent: 'yes',
      cause,
    });
  }
}

/** Returns whether the data has a header of RFC 1950: the method is 8, and the first two bytes are a multiple of 31. */
function isZlib([first = 0, second = 0]: Buffer): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

/** Collects one answer, and records whether the request was sent. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly answer: Promise<WebAnswer>;
  sent: Sent = 'no';
  private resolve!: (answer: WebAnswer) => void;
  private reject!: (error: SluiceError) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private chunks: Buffer[] = [];
  private length = 0;
  private over = false;

  constructor(private readonly terms: Terms) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Rejects at once. A request that still waits for a connection is cancelled before it is written. */
  giveUp(error: SluiceError): void {
    if (this.over) return;
    this.over = true;
    this.reject(error);
    this.controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.over) return controller.abort(new Error('given up'));
    this.sent = 'unknown'; // undici writes the request next
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { where, maxResponse } = this.terms;
    this.length += chunk.length;
    if (this.length <= maxResponse) this.chunks.push(chunk);
    else this.giveUp(fail.BAD_ANSWER(`${where}: the answer is larger than maxResponse, ${maxResponse} bytes`, { sent: 'yes' }));
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.over = true;
    this.resolve({ status: this.status, headers: this.headers, body: Buffer.concat(this.chunks, this.length) });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.giveUp(failureOf(error, this.sent, this.terms));
  }
}

function failureOf(error: Error, sent: Sent, { where, cutOff }: Terms): SluiceError {
  const code = (error as { code?: unknown }).code;
  if (UNWRITABLE.has(code)) return fail.REJECTED(`${where}: HTTP cannot carry this request: ${error.message}`, { sent: 'no' });
  const named = typeof code !== 'string' || error.message.includes(code);
  const reason = named ? error.message : `${error.message} (${code})`;
  if (sent === 'no') return fail.UNREACHABLE(`${where}: ${reason}`, { cause: error, sent });
  return cutOff(`${where}: the connection was cut before the whole answer arrived: ${reason}`, { cause: error, sent });
}
