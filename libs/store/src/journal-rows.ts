import { searchWordsOf, STATE_KINDS, type JournalEntry, type JournalKind, type WaitingFor } from '@sluice/engine';
import type { Gap } from './buffered-log.js';
import { SEARCH_WORDS_VECTOR, searchWordsColumn } from './note-search-sql.js';
import { fromColumn, toColumn } from './text.js';

/** Longer messages are truncated, because the journal is read line by line; a parked run keeps its whole error. */
const MAX_MESSAGE_LENGTH = 1_000;

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
  epoch: 'integer',
  note: 'text',
  step: 'text',
  connection: 'text',
  attempt: 'integer',
  code: 'text',
  message: 'text',
  ms: 'double precision',
  waits: 'json',
} as const;

/** A row of the journal as the database returns it. */
export type JournalRow = Record<'flow' | 'run' | 'event_id' | 'event_source' | 'event_type' | 'kind', string> &
  Record<'causation_id' | 'note' | 'step' | 'connection' | 'code' | 'message', string | null> &
  Record<'epoch' | 'attempt' | 'ms', number | null> & { at: Date; waits: WaitingFor | null };
/** A row that is to be inserted, with the words by which its run is found. */
export type NewRow = Omit<JournalRow, 'waits'> & { waits: string | null; note_words: string | null };

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
/** The columns of an entry, for a SELECT. */
export const JOURNAL_COLUMNS = NAMES.join(', ');
const ARRAYS = [...Object.values(COLUMNS), 'text'].map((type, n) => `$${n + 1}::${type}[]`);
/** Inserts rows. Its parameters are those of {@link insertParams}. */
export const INSERT_ROWS = `insert into sluice.journal (${JOURNAL_COLUMNS}, note_words)
  select ${JOURNAL_COLUMNS}, ${SEARCH_WORDS_VECTOR('words')} from unnest(${ARRAYS.join(', ')}) as rows (${JOURNAL_COLUMNS}, words)`;
/** Only these rows are found by words, one per run as a rule. */
const WITH_WORDS: ReadonlySet<string> = new Set(STATE_KINDS);

/** Returns the columns of the rows, as {@link INSERT_ROWS} takes them. */
export function insertParams(rows: readonly NewRow[]): unknown[] {
  return [...NAMES, 'note_words' as const].map((name) => rows.map((row) => row[name]));
}

/** Returns the row of an entry. */
export function rowOf(entry: JournalEntry): NewRow {
  return {
    at: entry.at,
    flow: entry.flow,
    run: entry.run,
    event_id: toColumn(entry.eventId),
    event_source: toColumn(entry.eventSource),
    event_type: toColumn(entry.eventType),
    causation_id: optional(entry.causationid),
    kind: entry.kind,
    epoch: entry.epoch ?? null,
    note: optional(entry.note),
    step: optional(entry.step),
    connection: optional(entry.connection),
    attempt: entry.attempt ?? null,
    code: optional(entry.code),
    message: optional(entry.message?.slice(0, MAX_MESSAGE_LENGTH)),
    ms: entry.ms ?? null,
    waits: entry.waits === undefined ? null : JSON.stringify(entry.waits),
    note_words: entry.note === undefined || !WITH_WORDS.has(entry.kind) ? null : searchWordsColumn(searchWordsOf(entry.note)),
  };
}

/** Returns the row of a gap. It belongs to no run, and stands in the table at its time. */
export function gapRow({ from, to, count }: Gap): NewRow {
  const message = `${count} entries were not recorded from ${from.toISOString()} to ${to.toISOString()}`;
  const nothing = { flow: '', run: '', event_id: '', event_source: '', event_type: '' };
  return {
    at: to,
    ...nothing,
    causation_id: null,
    kind: 'gap',
    epoch: null,
    note: null,
    step: null,
    connection: null,
    attempt: null,
    code: null,
    message,
    ms: null,
    waits: null,
    note_words: null,
  };
}

/** Returns the entry of a row. */
export function entryOf(row: JournalRow): JournalEntry {
  return {
    at: row.at,
    flow: row.flow,
    run: row.run,
    eventId: fromColumn(row.event_id),
    eventSource: fromColumn(row.event_source),
    eventType: fromColumn(row.event_type),
    kind: row.kind as JournalKind,
    ...(row.epoch !== null && { epoch: row.epoch }),
    ...(row.note !== null && { note: fromColumn(row.note) }),
    ...(row.causation_id !== null && { causationid: fromColumn(row.causation_id) }),
    ...(row.step !== null && { step: fromColumn(row.step) }),
    ...(row.connection !== null && { connection: fromColumn(row.connection) }),
    ...(row.attempt !== null && { attempt: row.attempt }),
    ...(row.code !== null && { code: fromColumn(row.code) }),
    ...(row.message !== null && { message: fromColumn(row.message) }),
    ...(row.ms !== null && { ms: row.ms }),
    ...(row.waits !== null && { waits: row.waits }),
  };
}

function optional(text: string | undefined): string | null {
  return text === undefined ? null : toColumn(text);
}
