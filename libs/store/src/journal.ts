import type { Journal, JournalEntry, JournalKind, JournalPosition } from '@sluice/engine';
import type { Log, Clock } from '@sluice/plugin-api';
import { BufferedLog, type Gap, type LogSink } from './buffered-log.js';
import type { Database } from './database.js';
import { JournalPartitions } from './journal-partitions.js';
import { fromColumn, toColumn } from './text.js';

const LIMITS = { capacity: 50_000, batch: 1_000, delayMs: 200, retryMs: 1_000 };
/** Longer messages are truncated, because the journal is read line by line; a parked run keeps its whole error. */
const MAX_MESSAGE_LENGTH = 1_000;
const MAX_ROWS_FOUND = 10_000;

/** Columns in the order of the parameters, with their types. */
const COLUMNS = {
  at: 'timestamptz',
  flow: 'text',
  run: 'text',
  event_id: 'text',
  event_source: 'text',
  event_type: 'text',
  causation_id: 'text',
  kind: 'text',
  step: 'text',
  connection: 'text',
  attempt: 'integer',
  code: 'text',
  message: 'text',
  ms: 'double precision',
} as const;

type Row = Record<'flow' | 'run' | 'event_id' | 'event_source' | 'event_type' | 'kind', string> &
  Record<'causation_id' | 'step' | 'connection' | 'code' | 'message', string | null> &
  Record<'attempt' | 'ms', number | null> & { at: Date };

const NAMES = Object.keys(COLUMNS) as (keyof Row)[];
const ARRAYS = Object.values(COLUMNS).map((type, n) => `$${n + 1}::${type}[]`);
const INSERT = `insert into sluice.journal (${NAMES.join(', ')}) select * from unnest(${ARRAYS.join(', ')})`;

/** The table `journal`, with one partition per day. */
export class PostgresJournal implements Journal {
  readonly #partitions: JournalPartitions;
  readonly #buffered: BufferedLog<JournalEntry>;

  constructor(
    private readonly database: Database,
    log: Log,
    clock: Clock,
  ) {
    this.#partitions = new JournalPartitions(database);
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
    const rows = await this.database.rows<Row & { readonly n: string }>(
      `select n, ${NAMES.join(', ')} from sluice.journal
       where (event_id = $1 or run = $1 or causation_id = $1) and ($2::timestamptz is null or (at, n) > ($2, $3::bigint))
       order by at, n limit $4`,
      [toColumn(id), after?.at ?? null, after?.n ?? null, limit + 1],
    );
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { entries: page.map(entryOf), ...(last && { next: { at: last.at, n: Number(last.n) } }) };
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

  async #insert(rows: readonly Row[]): Promise<void> {
    await this.#partitions.ensure(rows.map(({ at }) => at));
    await this.database.rows(
      INSERT,
      NAMES.map((name) => rows.map((row) => row[name])),
    );
  }
}

function rowOf(entry: JournalEntry): Row {
  return {
    at: entry.at,
    flow: entry.flow,
    run: entry.run,
    event_id: toColumn(entry.eventId),
    event_source: toColumn(entry.eventSource),
    event_type: toColumn(entry.eventType),
    causation_id: optional(entry.causationid),
    kind: entry.kind,
    step: optional(entry.step),
    connection: optional(entry.connection),
    attempt: entry.attempt ?? null,
    code: optional(entry.code),
    message: optional(entry.message?.slice(0, MAX_MESSAGE_LENGTH)),
    ms: entry.ms ?? null,
  };
}

/** Returns the row of a gap. It belongs to no run, and stands in the table at its time. */
function gapRow({ from, to, count }: Gap): Row {
  const message = `${count} entries were not recorded from ${from.toISOString()} to ${to.toISOString()}`;
  const nothing = { flow: '', run: '', event_id: '', event_source: '', event_type: '' };
  return {
    at: to,
    ...nothing,
    causation_id: null,
    kind: 'gap',
    step: null,
    connection: null,
    attempt: null,
    code: null,
    message,
    ms: null,
  };
}

function entryOf(row: Row): JournalEntry {
  return {
    at: row.at,
    flow: row.flow,
    run: row.run,
    eventId: fromColumn(row.event_id),
    eventSource: fromColumn(row.event_source),
    eventType: fromColumn(row.event_type),
    kind: row.kind as JournalKind,
    ...(row.causation_id !== null && { causationid: fromColumn(row.causation_id) }),
    ...(row.step !== null && { step: fromColumn(row.step) }),
    ...(row.connection !== null && { connection: fromColumn(row.connection) }),
    ...(row.attempt !== null && { attempt: row.attempt }),
    ...(row.code !== null && { code: fromColumn(row.code) }),
    ...(row.message !== null && { message: fromColumn(row.message) }),
    ...(row.ms !== null && { ms: row.ms }),
  };
}

function optional(text: string | undefined): string | null {
  return text === undefined ? null : toColumn(text);
}
