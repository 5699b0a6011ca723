import { STATE_KINDS, type JournalPosition, type RunFilter } from '@sluice/engine';
import type { Database } from './database.js';
import { JOURNAL_COLUMNS, type JournalRow } from './journal-rows.js';
import { STATE_KINDS_SQL } from './migrations/1796349000000-add-notes.js';
import { tsqueryOf } from './note-search-sql.js';

/** Maximum rows that are read for one page. */
const MAX_SCANNED = 2_000;
/** Maximum rows that have the words of a search and are sorted by time. */
const MAX_SORTED = 20_000;
/** A host's clock may be behind that of another one by so much: the end of a run counts as later than its wait. */
const SKEW = `interval '1 minute'`;

/** The order of entries of one run: by replays, then waits before ends before the request of a replay, then by time. */
const ORDER = (row: string) =>
  `coalesce(${row}.epoch, 0), case ${row}.kind when 'waiting' then 0 when 'replayed' then 2 else 1 end, ${row}.at, ${row}.n`;

/** True for a row without a later one of its run. It is a subquery of one row, so that the database evaluates it for the rows of a page only. */
const IS_LAST = `(select true from sluice.journal later where later.run = found.run and later.at >= found.at - ${SKEW}
  and later.${STATE_KINDS_SQL} and (${ORDER('later')}) > (${ORDER('found')}) limit 1) is null`;

/** Columns of the candidates, which a page is chosen from. */
const COLUMNS = `n, ${JOURNAL_COLUMNS}, note_words`;

type Row = JournalRow & { readonly n: string };
type Page = RunFilter & { readonly after?: JournalPosition; readonly limit: number };

export interface RunPage {
  readonly rows: readonly JournalRow[];
  readonly next?: JournalPosition;
}

/**
 * Lists runs by their last row in the journal. Each statement reads a bounded number of rows in the order of an index, whatever the filter:
 * a page ends after {@link MAX_SCANNED} rows that the filter has refused.
 */
export class RunList {
  constructor(private readonly database: Database) {}

  async page(page: Page): Promise<RunPage> {
    if (page.connection !== undefined) return this.#ofConnection(page, page.connection);
    return (page.note && (await this.#byRareWords(page))) ?? this.#byTime(page);
  }

  /** Runs in the order of their last calls of a connection. */
  async #ofConnection(page: Page, connection: string): Promise<RunPage> {
    const params = new Params();
    const where = conditions({ since: page.since, after: page.after }, params);
    const candidates = `select n, at, run from sluice.journal
      where connection = ${params.add(connection)} and ${where} order by at desc, n desc limit ${MAX_SCANNED}`;
    const scanning = params.values.length;
    const last = `(select true from sluice.journal later where later.run = called.run and later.connection = ${params.add(connection)}
      and later.at >= called.at and (later.at, later.n) > (called.at, called.n) limit 1) is null`;
    const chosen = conditions({ flow: page.flow, kind: page.kind, note: page.note }, params, 'found');
    return this.#read(
      page,
      candidates,
      params,
      scanning,
      (scanned) =>
        `select found.*, called.at as position_at, called.n as position_n from (${scanned}) as called
       cross join lateral (
         select ${COLUMNS} from sluice.journal as one where one.run = called.run and ${STATE_KINDS_SQL}
         order by coalesce(epoch, 0) desc, case kind when 'waiting' then 0 when 'replayed' then 2 else 1 end desc, at desc, n desc limit 1
       ) as found
       where ${last} and ${chosen} order by called.at desc, called.n desc`,
    );
  }

  /** Newest first, by the index of each kind; words of a note are compared row by row. */
  async #byTime(page: Page): Promise<RunPage> {
    const params = new Params();
    const { flow, since, after, note } = page;
    const where = conditions({ flow, since, after }, params);
    const kinds = (page.kind === undefined ? STATE_KINDS : [page.kind]).map(
      // one subquery for each kind, because an index that begins with the kind is in order of time within one kind only
      (kind) =>
        `(select ${COLUMNS} from sluice.journal where kind = '${kind}' and ${where} order by at desc, n desc limit ${MAX_SCANNED})`,
    );
    const candidates = `select * from (${kinds.join(' union all ')}) as kinds order by at desc, n desc limit ${MAX_SCANNED}`;
    const scanning = params.values.length;
    const chosen = conditions({ note }, params, 'found');
    return this.#read(
      page,
      candidates,
      params,
      scanning,
      (scanned) =>
        `select found.*, found.at as position_at, found.n as position_n from (${scanned}) as found
       where ${chosen} and ${IS_LAST} order by found.at desc, found.n desc`,
    );
  }

  /** Returns undefined for words of more than {@link MAX_SORTED} rows: reading rows in order of time is less work then. */
  async #byRareWords(page: Page): Promise<RunPage | undefined> {
    const params = new Params();
    const { flow, kind, since, after, note, limit } = page;
    const where = conditions({ flow, kind, since, after, note }, params);
    const rows = await this.database.rows<Row & { readonly total: string }>(
      `with all_found as materialized (select ${COLUMNS} from sluice.journal where ${where}),
        few as materialized (select * from all_found limit ${MAX_SORTED + 1})
       select n, ${JOURNAL_COLUMNS}, (select count(*) from few) as total
       from (select * from few order by at desc, n desc) as found where ${IS_LAST} order by at desc, n desc limit ${limit + 1}`,
      params.values,
    );
    if (Number(rows[0]?.total) > MAX_SORTED) return undefined;
    const shown = rows.slice(0, limit);
    return { rows: shown, ...(rows.length > limit && { next: positionOf(shown.at(-1) as Row) }) };
  }

  /**
   * @param scanning number of parameters that the statement of the candidates has
   * @param choose returns the statement that chooses among the candidates
   */
  async #read(
    page: Page,
    candidates: string,
    params: Params,
    scanning: number,
    choose: (candidates: string) => string,
  ): Promise<RunPage> {
    type Found = Row & { readonly position_at: Date; readonly position_n: string };
    const found = await this.database.rows<Found>(`${choose(candidates)} limit ${page.limit + 1}`, params.values);
    const rows = found.slice(0, page.limit);
    const last = rows.at(-1);
    if (found.length > page.limit && last) return { rows, next: { at: last.position_at, n: Number(last.position_n) } };
    const [scanned] = await this.database.rows<{ readonly at: Date; readonly n: string }>(
      `select at, n from (${candidates}) as scanned order by at desc, n desc offset ${MAX_SCANNED - 1}`,
      params.values.slice(0, scanning),
    );
    return { rows, ...(scanned && { next: positionOf(scanned) }) };
  }
}

/** Parts of a filter that are conditions on one row. */
type Conditions = { readonly [Part in 'flow' | 'kind' | 'since' | 'after' | 'note']?: Page[Part] | undefined };

/** The parameters of a statement. */
class Params {
  readonly values: unknown[] = [];

  /** Returns the placeholder of a value. */
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Returns the conditions of these parts of a filter, joined by `and`. @param row the name of the row, where columns are ambiguous */
function conditions({ flow, kind, since, after, note }: Conditions, params: Params, row?: string): string {
  const column = (name: string) => (row === undefined ? name : `${row}.${name}`);
  const all = [
    ...(flow === undefined ? [] : [`${column('flow')} = ${params.add(flow)}`]),
    ...(kind === undefined ? [] : [`${column('kind')} = ${params.add(kind)}`]),
    ...(since === undefined ? [] : [`${column('at')} >= ${params.add(since)}`]),
    // the first condition excludes partitions
    ...(after === undefined
      ? []
      : [
          `${column('at')} <= ${params.add(after.at)}`,
          `(${column('at')}, ${column('n')}) < (${params.add(after.at)}, ${params.add(after.n)}::bigint)`,
        ]),
    ...(note === undefined ? [] : [`${column('note_words')} @@ ${params.add(tsqueryOf(note))}::tsquery`]),
  ];
  return all.length === 0 ? 'true' : all.join(' and ');
}

function positionOf({ at, n }: { readonly at: Date; readonly n: string }): JournalPosition {
  return { at, n: Number(n) };
}
