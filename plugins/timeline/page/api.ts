import { ApiError, errorText, type ApiClient } from '@sluice/web-ui';
import type { Changes, Draft, Entry, JournalInfo } from './model.js';
import { texts } from './texts.js';

/** The API of one booking calendar. */
export class CalendarApi {
  readonly #path: string;

  constructor(
    private readonly client: ApiClient,
    journal: string,
  ) {
    this.#path = `/api/timeline/${encodeURIComponent(journal)}`;
  }

  /** Opens the calendar that the address names, or the first one of the workspace. */
  static async open(client: ApiClient, journal: string | null): Promise<CalendarApi> {
    const { journals } = await client.get<{ journals: string[] }>('/api/timeline');
    return new CalendarApi(client, journal ?? journals[0] ?? '');
  }

  info(): Promise<JournalInfo> {
    return this.client.get(this.#path);
  }

  entries(from: Date, to: Date): Promise<{ cursor: string; entries: Entry[] }> {
    return this.client.get(`${this.#path}/entries`, { query: { from: from.toISOString(), to: to.toISOString() } });
  }

  changes(after: string, waitSeconds: number, signal: AbortSignal): Promise<Changes> {
    return this.client.get(`${this.#path}/changes`, { query: { after, wait: waitSeconds }, signal, waitSeconds });
  }

  /** Creates an entry under an id of the page, so that a repeated request after a lost response creates no second entry. */
  create(id: string, draft: Draft): Promise<{ entry: Entry }> {
    return this.client.post(`${this.#path}/entries`, { id, ...draft });
  }

  change(id: string, version: number, draft: Partial<Draft>): Promise<{ entry: Entry }> {
    return this.client.patch(`${this.#path}/entries/${id}`, { version, ...draft });
  }
}

/** Returns the entry that a rejection contains: the current version, or the one that has the time. */
export function entryOf(error: unknown): Entry | undefined {
  return error instanceof ApiError ? (error.body['entry'] as Entry | undefined) : undefined;
}

/** Returns the reason of a rejected change in the language of the user. */
export function reasonOf(error: unknown): string {
  const entry = entryOf(error);
  return errorText(error, {
    ...(entry && {
      TIMELINE_VERSION: `${texts.outdated}: ${entry.by}`,
      TIMELINE_OVERLAP: `${texts.taken}: ${[entry.resource.name, spanOf(entry), entry.client].filter(Boolean).join(', ')}`,
    }),
    FORBIDDEN: texts.forbidden,
    TIMELINE_MISSING: texts.missing,
    TIMELINE_INVALID: texts.invalid,
  });
}

/** Returns the times of an entry, such as `10:00–10:30`. */
export function spanOf({ start, end }: Pick<Entry, 'start' | 'end'>): string {
  return `${start.slice(11, 16)}–${end.slice(11, 16)}`;
}
