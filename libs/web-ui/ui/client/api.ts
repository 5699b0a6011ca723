import { language } from './i18n.js';
import type { Session } from './session.js';
import { texts } from './texts.js';

/** Requests that take longer are aborted, because a broken network may never report an error. */
const DEADLINE_MS = 15_000;
/** A longer `retry-after` is cut: the page asks the host again at least this often. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

/** A rejection by the host: `{ code, message, cure }` with the fields that the code adds. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly cure: string,
    /** The whole body of the response. */
    readonly body: Readonly<Record<string, unknown>>,
    /** Milliseconds to wait before the request is repeated, from the header `retry-after`; undefined if the host has sent none. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The host did not answer: the network is down, the host is down, or the deadline has passed. */
export class UnreachableError extends Error {}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
  readonly signal?: AbortSignal;
  /** Seconds for which the host may hold the request (long poll). The deadline is extended by them. */
  readonly waitSeconds?: number;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Requests to the host of the page with the token of the user. */
export class ApiClient {
  constructor(
    private readonly session: Session,
    private readonly fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request),
  ) {}

  /**
   * Sends a request and resolves with the JSON of the response (undefined if there is none). After a 401 it waits for another token and repeats the
   * request.
   *
   * @param path absolute path, such as `/api/timeline`
   * @throws {@link ApiError} if the host rejects the request, {@link UnreachableError} if it does not answer, an `AbortError` if `signal` fires
   */
  async request<Answer>(method: Method, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { query = {}, body, signal, waitSeconds = 0 } = options;
    const token = this.session.token ?? (await this.session.replaced(''));
    const late = AbortSignal.timeout(DEADLINE_MS + waitSeconds * 1_000);
    const response = await this.fetch(path + queryString(query), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      credentials: 'omit',
      ...(body && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, late]) : late,
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new UnreachableError('the host did not answer', { cause: error });
    });
    const data: unknown = await response.json().catch(() => undefined);
    if (response.ok) return data as Answer;
    if (response.status === 401) {
      await this.session.replaced(token);
      return this.request(method, path, options);
    }
    throw apiError(response, data);
  }

  get<Answer>(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request('GET', path, options);
  }

  post<Answer>(path: string, body: object, options?: RequestOptions): Promise<Answer> {
    return this.request('POST', path, { ...options, body });
  }

  put<Answer>(path: string, body: object, options?: RequestOptions): Promise<Answer> {
    return this.request('PUT', path, { ...options, body });
  }

  patch<Answer>(path: string, body: object, options?: RequestOptions): Promise<Answer> {
    return this.request('PATCH', path, { ...options, body });
  }

  delete<Answer>(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request('DELETE', path, options);
  }
}

function queryString(query: NonNullable<RequestOptions['query']>): string {
  const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

function apiError(response: Response, data: unknown): ApiError {
  const body = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  const text = (key: string) => (typeof body[key] === 'string' ? body[key] : '');
  const wait = retryAfterMs(response.headers.get('retry-after'));
  return new ApiError(response.status, text('code'), text('message') || response.statusText, text('cure'), body, wait);
}

/** Returns the milliseconds of a header `retry-after`, which contains seconds or a date; undefined if it is malformed or absent. */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const at = /^\d+$/.test(header.trim()) ? now + Number(header) * 1_000 : Date.parse(header);
  return Number.isFinite(at) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(0, at - now)) : undefined;
}

/** Texts of a page for codes of its own, by code. */
export type ErrorTexts = Readonly<Record<string, string | ((error: ApiError) => string)>>;

/**
 * Returns an error as a sentence in the language of the user. Messages of the host are English: a Russian page shows them only behind its own
 * sentence for an unknown code as the code itself.
 *
 * @param own texts of the page; they take precedence over the general ones
 */
export function errorText(error: unknown, own: ErrorTexts = {}): string {
  if (!(error instanceof ApiError)) return texts.unreachable;
  const known = Object.hasOwn(own, error.code) ? own[error.code] : undefined;
  if (known !== undefined) return typeof known === 'string' ? known : known(error);
  const codes: Readonly<Record<string, string>> = texts.codes;
  const general = Object.hasOwn(codes, error.code) ? codes[error.code] : undefined;
  if (general !== undefined) return general;
  if (error.status === 429) return texts.tooManyRequests;
  if (language === 'en' && error.message) return sentences(error.message, error.cure);
  const byStatus = error.status >= 500 ? texts.hostFailed : error.status === 404 ? texts.notFound : texts.refused;
  return error.code === '' ? `${byStatus}.` : `${byStatus} (${error.code}).`;
}

function sentences(...parts: readonly string[]): string {
  return parts
    .filter(Boolean)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1) + (/[.!?]$/.test(part) ? '' : '.'))
    .join(' ');
}
