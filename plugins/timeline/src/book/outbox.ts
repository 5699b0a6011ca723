import type { EntityManager } from 'typeorm';
import type { Action, EntryView } from '../entry.js';
import type { Book } from './book.js';

/** The data of the trigger `entry`. */
export interface EntryEvent {
  readonly action: Action;
  readonly origin: string;
  readonly entry: EntryView;
  /** The entry before the change. */
  readonly before?: EntryView;
}

export interface OutboxRow {
  readonly no: string;
  /** Id of the event, drawn with the change: the same for all flows and in every repetition. */
  readonly id: string;
  readonly entry: string;
  readonly event: EntryEvent;
}

const BATCH = 500;
/** A flow that has not listened for this long is forgotten together with its events. */
const FORGOTTEN_AFTER = '7 days';

/** Inserts a row for each flow that listens to the action, in the transaction of the change. */
export async function addToOutbox(manager: EntityManager, id: string, event: EntryEvent): Promise<void> {
  await manager.query(
    'insert into outbox (flow, id, entry_id, event) select flow, $1, $2, $3 from listener where $4 = any(actions)',
    [id, event.entry.id, JSON.stringify(event), event.action],
  );
}

/**
 * The events that wait for one flow. They are deleted rather than passed by a cursor: rows are committed out of order, and a cursor would
 * skip late ones.
 */
export class Outbox {
  constructor(private readonly book: Book) {}

  /** From now on keeps changes for the flow until {@link drop}, also across restarts of hosts. */
  async listen(flow: string, actions: readonly Action[]): Promise<void> {
    await this.book.rows(
      `insert into listener (flow, actions) values ($1, $2)
       on conflict (flow) do update set actions = excluded.actions, seen_at = now()`,
      [flow, actions],
    );
    await this.book.rows(`delete from listener where seen_at < now() - $1::interval`, [FORGOTTEN_AFTER]);
  }

  /** Returns the next events, with the changes of each entry in order. */
  async next(flow: string): Promise<OutboxRow[]> {
    return this.book.rows<OutboxRow>('select no, id, entry_id as entry, event from outbox where flow = $1 order by no limit $2', [
      flow,
      BATCH,
    ]);
  }

  async drop(rows: readonly OutboxRow[]): Promise<void> {
    await this.book.rows('delete from outbox where no = any($1::bigint[])', [rows.map((row) => row.no)]);
  }
}
