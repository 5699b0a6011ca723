import type { EntryView } from '../entry.js';
import { showTime } from '../times.js';
import type { Book } from './book.js';
import type { Entries } from './entries.js';

/** A telephone call that rings at somebody's extension. */
export interface IncomingCall {
  readonly id: string;
  readonly phone: string;
  readonly client: string;
  readonly at: string;
}

export interface Changes {
  /** To ask with next time. */
  readonly cursor: string;
  readonly entries: readonly EntryView[];
  readonly calls: readonly IncomingCall[];
  /** Resources or their hours were changed: read them again. */
  readonly resources: boolean;
}

/** A card that nobody looked at goes. */
const CALL_SHOWN_FOR = '10 minutes';

/**
 * What pages have not seen yet. The cursor is the oldest transaction that was still running: whatever commits later is at it or after it, so
 * nothing is skipped, and what had committed before may come twice.
 */
export class Feed {
  constructor(
    private readonly book: Book,
    private readonly entries: Entries,
  ) {}

  async cursor(): Promise<string> {
    const [row] = await this.book.rows<{ cursor: string }>('select pg_snapshot_xmin(pg_current_snapshot())::text as cursor');
    return row?.cursor ?? '0';
  }

  async since(cursor: string, extension: string | undefined): Promise<Changes> {
    // first: what commits between the two statements comes again, and is not skipped
    const next = await this.cursor();
    const [entries, calls, [resources]] = await Promise.all([
      this.entries.changedSince(cursor),
      this.#calls(cursor, extension),
      this.book.rows<{ changed: boolean }>('select exists (select from resource where change >= $1::xid8) as changed', [cursor]),
    ]);
    return { cursor: next, entries, calls, resources: resources?.changed ?? false };
  }

  /** Shows a call to the user of an extension; the same id is shown once. */
  async addCall(id: string, extension: string, phone: string, client: string): Promise<void> {
    await this.book.rows(`delete from call where at < now() - $1::interval`, [CALL_SHOWN_FOR]);
    await this.book.rows('insert into call (id, extension, phone, client) values ($1, $2, $3, $4) on conflict (id) do nothing', [
      id,
      extension,
      phone,
      client,
    ]);
  }

  async #calls(cursor: string, extension: string | undefined): Promise<IncomingCall[]> {
    if (extension === undefined) return [];
    const rows = await this.book.rows<{ id: string; phone: string; client: string; at: Date }>(
      'select id, phone, client, at from call where extension = $1 and change >= $2::xid8 order by at',
      [extension, cursor],
    );
    return rows.map((call) => ({ ...call, at: showTime(call.at, this.entries.zone) }));
  }
}
