import type { Changes, Draft, Entry, JournalInfo } from './model.js';
import { texts } from './texts.js';
import { askForToken, findToken } from './token.js';

/** An answer that took longer does not come: networks break without a word. */
const DEADLINE_MS = 15_000;

/** What the host refused, in its words; with the entry that is in the way, where there is one. */
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

/** The host's API with the user's token. Rejects with {@link RefusedError}, and with what `fetch` rejects with when the host cannot be reached. */
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

  /** The id is the page's: repeated after a lost answer, it is the same entry. */
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

  /** Asked for once, however many requests were refused. */
  async #otherToken(refused: string): Promise<void> {
    if (this.token !== refused) return;
    this.#asking ??= askForToken(texts.badToken);
    this.token = await this.#asking;
    this.#asking = undefined;
  }
}
