import type { Changes, Draft, Entry, JournalInfo } from './model.js';
import { texts } from './texts.js';
import { askForToken, findToken } from './token.js';

/** Requests that take longer are aborted, because a broken network may never report an error. */
const DEADLINE_MS = 15_000;

/** A rejection by the host, with its message and, if there is one, the conflicting entry. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly entry?: Entry,
  ) {
    super(message);
  }
}

interface Problem {
  readonly code?: string;
  readonly message?: string;
  readonly entry?: Entry;
}

/**
 * The API of the host with the token of the user. Rejects with {@link RefusedError}, or with the error of `fetch` if the host is
 * unreachable.
 */
export class Api {
  #asking: Promise<string> | undefined;

  private constructor(
    private token: string,
    private journal: string,
  ) {}

  static async open(): Promise<Api> {
    const api = new Api(await findToken(), '');
    const { journals } = await api.#ask<{ journals: string[] }>('GET', '/api/timeline');
    const asked = new URLSearchParams(location.search).get('journal');
    api.journal = asked ?? journals[0] ?? '';
    return api;
  }

  get passcode(): string {
    return this.token;
  }

  info(): Promise<JournalInfo> {
    return this.#ask('GET', this.#path(''));
  }

  entries(from: Date, to: Date): Promise<{ cursor: string; entries: Entry[] }> {
    return this.#ask('GET', this.#path(`/entries?from=${from.toISOString()}&to=${to.toISOString()}`));
  }

  changes(after: string, waitSeconds: number, signal: AbortSignal): Promise<Changes> {
    return this.#ask('GET', this.#path(`/changes?after=${after}&wait=${waitSeconds}`), undefined, signal, waitSeconds);
  }

  /** Creates an entry under an id of the page, so that a repeated request after a lost response creates no second entry. */
  create(id: string, draft: Draft): Promise<{ entry: Entry }> {
    return this.#ask('POST', this.#path('/entries'), { id, ...draft });
  }

  change(id: string, version: number, draft: Partial<Draft>): Promise<{ entry: Entry }> {
    return this.#ask('PATCH', this.#path(`/entries/${id}`), { version, ...draft });
  }

  #path(rest: string): string {
    return `/api/timeline/${encodeURIComponent(this.journal)}${rest}`;
  }

  async #ask<Answer>(method: string, path: string, body?: object, signal?: AbortSignal, waitSeconds = 0): Promise<Answer> {
    const sentWith = this.token;
    const late = AbortSignal.timeout(DEADLINE_MS + waitSeconds * 1_000);
    const answer = await fetch(path, {
      method,
      headers: { authorization: `Bearer ${sentWith}`, ...(body && { 'content-type': 'application/json' }) },
      credentials: 'omit',
      ...(body && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    const data = (await answer.json().catch(() => ({}))) as Answer & Problem;
    if (answer.ok) return data;
    const { code = '', message = answer.statusText, entry } = data;
    if (answer.status !== 401) throw new RefusedError(answer.status, code, message, entry);
    await this.#otherToken(sentWith);
    return this.#ask(method, path, body, signal, waitSeconds);
  }

  /** Asks the user for a token once, also if several requests were rejected. */
  async #otherToken(refused: string): Promise<void> {
    if (this.token !== refused) return;
    this.#asking ??= askForToken(texts.badToken);
    this.token = await this.#asking;
    this.#asking = undefined;
  }
}
