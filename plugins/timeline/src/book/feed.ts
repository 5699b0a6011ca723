import type { EntryView } from '../entry.js';
import { showTime } from '../times.js';
import type { Book } from './book.js';
import type { Entries } from './entries.js';
import { upTo, type Snapshot } from './snapshot.js';

/** A telephone call that rings at a user's extension. */
export interface IncomingCall {
  readonly id: string;
  readonly phone: string;
  readonly client: string;
  readonly at: string;
}

export interface Changes {
  /** The cursor for the next request. */
  readonly cursor: Snapshot;
  readonly entries: readonly EntryView[];
  readonly calls: readonly IncomingCall[];
  /** Whether resources or their hours have changed and have to be read again. */
  readonly resources: boolean;
}

/** An unread call is deleted after this time. */
const CALL_SHOWN_FOR = '10 minutes';

/** Maximum number of changes in one answer; the rest follows in the next one. */
const MAX_CHANGES = 1_000;

/** Condition for rows that were committed after the snapshot $1 and before $2. The first part allows the use of the index. */
const BETWEEN = `change >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(change, $1::pg_snapshot)
  and pg_visible_in_snapshot(change, $2::pg_snapshot)`;

/**
 * Changes that a page has not received yet. The cursor is a snapshot, which contains for each transaction whether it had committed. Late
 * commits are therefore not skipped, and no change is returned twice while another transaction stays open for hours.
 */
export class Feed {
  constructor(
    private readonly book: Book,
    private readonly entries: Entries,
  ) {}

  async cursor(): Promise<Snapshot> {
    const [row] = await this.book.rows<{ cursor: Snapshot }>('select pg_current_snapshot()::text as cursor');
    return row?.cursor ?? '';
  }

  /** Returns the changes since the cursor. Rejects with `TIMELINE_INVALID` if the cursor is not valid. */
  async since(cursor: Snapshot, extension: string | undefined): Promise<Changes> {
    const now = await this.cursor();
    if (now === cursor) return { cursor, entries: [], calls: [], resources: false };
    const [changed, calls, [resources]] = await Promise.all([
      // with all changes of the last transaction, so that the cursor can move past a transaction with many entries
      this.book.rows<{ id: string; change: string }>(
        `select id, change::text from entry where ${BETWEEN} order by entry.change fetch first ${MAX_CHANGES} rows with ties`,
        [cursor, now],
      ),
      this.#calls(cursor, now, extension),
      this.book.rows<{ changed: boolean }>(`select exists (select from resource where ${BETWEEN}) as changed`, [cursor, now]),
    ]);
    const last = changed.length < MAX_CHANGES ? undefined : changed.at(-1)?.change;
    return {
      cursor: last === undefined ? now : upTo(last, now),
      entries: await this.entries.withIds(changed.map(({ id }) => id)),
      calls,
      resources: resources?.changed ?? false,
    };
  }

  /** Shows a call to the user of an extension. A call with the same id is shown once. */
  async addCall(id: string, extension: string, phone: string, client: string): Promise<void> {
    await this.book.rows(`delete from call where at < now() - $1::interval`, [CALL_SHOWN_FOR]);
    await this.book.rows('insert into call (id, extension, phone, client) values ($1, $2, $3, $4) on conflict (id) do nothing', [
      id,
      extension,
      phone,
      client,
    ]);
  }

  async #calls(cursor: Snapshot, now: Snapshot, extension: string | undefined): Promise<IncomingCall[]> {
    if (extension === undefined) return [];
    const rows = await this.book.rows<{ id: string; phone: string; client: string; at: Date }>(
      `select id, phone, client, at from call where extension = $3 and ${BETWEEN} order by at`,
      [cursor, now, extension],
    );
    return rows.map((call) => ({ ...call, at: showTime(call.at, this.entries.zone) }));
  }
}
