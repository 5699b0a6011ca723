import type { Database } from '@sluice/plugin-api';
import type { MailboxEvent } from './mailbox-event.js';
import { MAX_READ_BYTES, type MailboxPosition, type ReadRequest, type ReadResult, type UnacknowledgedEvents } from './mailbox.js';
import { StatementBatches } from './statement-batches.js';
import * as sql from './statements.js';

/** Maximum readers in one statement. */
const MAX_READERS = 200;
/**
 * Maximum bytes of bodies that one statement returns, and one event more. Without it the first events of 200 readers, such as all desktops
 * after a restart, would be in memory together.
 */
export const MAX_STATEMENT_BYTES = 16 * 1024 * 1024;
const MAX_LOOKUPS = 1_000;

interface PendingRead extends ReadRequest {
  result: ReadResult;
  /** Number of statements that had no bytes left for this reader. The reader that waited most comes first in the next one. */
  postponed: number;
  /** False while {@link postponed} grew with the last statement. */
  isDone: boolean;
}

interface PendingLookup extends UnacknowledgedEvents {
  waiting: Set<number>;
}

interface EventRow {
  readonly user: string;
  readonly seq: number;
  readonly id: string;
  readonly workplace: string | null;
  readonly due: number | null;
  readonly sent: boolean;
  readonly headers: string;
  readonly body: Buffer;
}

interface ReadRow extends Omit<EventRow, 'seq'> {
  readonly n: number;
  /** Null for a reader that gets no event. */
  readonly seq: number | null;
  readonly highestSeq: number;
  /** Number of events that were found for the reader, up to its limit. Not all of them are returned. */
  readonly found: number;
}

/** Reads events from the tables of the mailbox. */
export class EventReads {
  readonly #reads = new StatementBatches<PendingRead>((items) => this.#readAll(items), { maxWeight: MAX_READERS });
  readonly #lookups = new StatementBatches<PendingLookup>((items) => this.#lookUpAll(items), { maxWeight: MAX_LOOKUPS });

  constructor(
    private readonly database: Database,
    private readonly now: () => number,
  ) {}

  async read(request: ReadRequest): Promise<ReadResult> {
    const result = { events: [], more: false, highestSeq: 0 };
    const pending: PendingRead = { ...request, result, postponed: 0, isDone: false };
    while (!pending.isDone) await this.#reads.add(pending);
    return pending.result;
  }

  async readAt(positions: readonly MailboxPosition[]): Promise<readonly MailboxEvent[]> {
    const rows = await this.database.rows<EventRow>(sql.READ_AT, [...sql.columns(positions), this.now()]);
    return rows.map(eventOf);
  }

  async stillWaiting(events: UnacknowledgedEvents): Promise<ReadonlySet<number>> {
    const pending: PendingLookup = { ...events, waiting: new Set() };
    await this.#lookups.add(pending);
    return pending.waiting;
  }

  async highestSeqs(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.rows<{ name: string; highestSeq: number }>(sql.HIGHEST_SEQS, [users]);
    return new Map(rows.map(({ name, highestSeq }) => [name, highestSeq]));
  }

  async #readAll(unsorted: readonly PendingRead[]): Promise<void> {
    const items = unsorted.toSorted((one, other) => other.postponed - one.postponed);
    const params = [
      items.map(({ user }) => user),
      items.map(({ after }) => after),
      items.map(({ limit }) => limit),
      items.map(({ workplace }) => workplace ?? null),
      this.now(),
      MAX_READ_BYTES,
      MAX_STATEMENT_BYTES,
    ];
    const rows = await this.database.rows<ReadRow>(sql.READ, params, 'mailbox read');
    const results = items.map(() => ({ events: [] as MailboxEvent[], more: false, highestSeq: 0, isDone: true }));
    for (const { n, highestSeq, found, seq, ...row } of rows) {
      const result = results[n - 1] as (typeof results)[number];
      result.highestSeq = highestSeq;
      if (seq === null) result.isDone = found === 0;
      else {
        result.events.push(eventOf({ ...row, seq }));
        result.more = result.events.length < found || found === items[n - 1]?.limit;
      }
    }
    items.forEach((item, index) => {
      const { isDone, ...result } = results[index] as (typeof results)[number];
      item.isDone = isDone;
      if (isDone) item.result = result;
      else item.postponed++;
    });
  }

  async #lookUpAll(items: readonly PendingLookup[]): Promise<void> {
    const rows = await this.database.rows<{ n: number; seq: number }>(sql.STILL_WAITING, [
      items.map(({ user }) => user),
      items.map(({ seqs }) => Math.min(...seqs)),
      items.map(({ seqs }) => Math.max(...seqs)),
      this.now(),
    ]);
    for (const { n, seq } of rows) items[n - 1]?.waiting.add(seq);
  }
}

function eventOf({ user, seq, id, workplace, due, sent, headers, body }: EventRow): MailboxEvent {
  const content = { id, headers: JSON.parse(headers) as Record<string, string>, body };
  return { user, seq, content, sent, ...(workplace !== null && { workplace }), ...(due !== null && { due }) };
}
