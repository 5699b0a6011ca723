import type { Journal, JournalEntry, JournalPosition, RunFilter } from '@sluice/engine';
import type { Log, Clock } from '@sluice/plugin-api';
import { BufferedLog, type LogSink } from './buffered-log.js';
import type { Database } from './database.js';
import { JournalPartitions } from './journal-partitions.js';
import {
  entryOf,
  gapRow,
  INSERT_ROWS,
  insertParams,
  JOURNAL_COLUMNS,
  rowOf,
  type JournalRow,
  type NewRow,
} from './journal-rows.js';
import { RunList } from './run-list.js';
import { toColumn } from './text.js';

const LIMITS = { capacity: 50_000, batch: 1_000, delayMs: 200, retryMs: 1_000 };
const MAX_ROWS_FOUND = 10_000;

/** The table `journal`, with one partition per day. */
export class PostgresJournal implements Journal {
  readonly #partitions: JournalPartitions;
  readonly #buffered: BufferedLog<JournalEntry>;
  readonly #runs: RunList;

  constructor(
    private readonly database: Database,
    log: Log,
    clock: Clock,
  ) {
    this.#partitions = new JournalPartitions(database);
    this.#runs = new RunList(database);
    const sink: LogSink<JournalEntry> = {
      append: (entries) => this.#insert(entries.map(rowOf)),
      appendGap: (gap) => this.#insert([gapRow(gap)]),
    };
    this.#buffered = new BufferedLog(sink, log, clock, LIMITS);
  }

  get skipped(): number {
    return this.#buffered.skipped;
  }

  write(entry: JournalEntry): void {
    this.#buffered.write(entry);
  }

  async find(id: string): Promise<readonly JournalEntry[]> {
    return (await this.page(id, { limit: MAX_ROWS_FOUND })).entries;
  }

  async page(
    id: string,
    { after, limit }: { readonly after?: JournalPosition; readonly limit: number },
  ): Promise<{ readonly entries: readonly JournalEntry[]; readonly next?: JournalPosition }> {
    await this.flush();
    // one row more than the page has, to learn whether there is a next page
    const rows = await this.database.rows<JournalRow & { readonly n: string }>(
      `select n, ${JOURNAL_COLUMNS} from sluice.journal
       where (event_id = $1 or run = $1 or causation_id = $1) and ($2::timestamptz is null or (at, n) > ($2, $3::bigint))
       order by at, n limit $4`,
      [toColumn(id), after?.at ?? null, after?.n ?? null, limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { entries: page.map(entryOf), ...(last && { next: { at: last.at, n: Number(last.n) } }) };
  }

  async entriesOf(ids: readonly string[], by: 'id' | 'cause', limit: number): Promise<readonly JournalEntry[]> {
    await this.flush();
    const rows = await this.database.rows<JournalRow>(
      `select ${JOURNAL_COLUMNS} from sluice.journal
       where ${by === 'id' ? '(event_id = any($1) or run = any($1))' : 'causation_id = any($1)'} order by at, n limit $2`,
      [ids.map(toColumn), limit],
    );
    return rows.map(entryOf);
  }

  async runs(
    page: RunFilter & { readonly after?: JournalPosition; readonly limit: number },
  ): Promise<{ readonly runs: readonly JournalEntry[]; readonly next?: JournalPosition }> {
    await this.flush();
    const { rows, next } = await this.#runs.page(page);
    return { runs: rows.map(entryOf), ...(next && { next }) };
  }

  flush(): Promise<void> {
    return this.#buffered.flush();
  }

  /** Drops the partitions of days that are older than this. */
  async sweep(olderThanMs: number): Promise<void> {
    await this.#partitions.dropOlderThan(olderThanMs);
  }

  close(): Promise<void> {
    return this.#buffered.close();
  }

  async #insert(rows: readonly NewRow[]): Promise<void> {
    await this.#partitions.ensure(rows.map(({ at }) => at));
    await this.database.rows(INSERT_ROWS, insertParams(rows));
  }
}
