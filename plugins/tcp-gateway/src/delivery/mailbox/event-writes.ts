import type { Clock, Database } from '@sluice/plugin-api';
import type { EventContent, MailboxEvent } from './mailbox-event.js';
import type { NewMailboxEvent } from './mailbox.js';
import { StatementBatches } from './statement-batches.js';
import * as sql from './statements.js';

/** Maximum bytes of bodies in one statement, so that it ends well within the query timeout. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Maximum number of events in one statement. */
const MAX_BATCH_EVENTS = 1_000;
/** Minimum milliseconds between two statements. Each commit syncs the disk, and senders wait for the commit. */
const PUT_INTERVAL_MS = 5;

interface PendingPut {
  readonly events: readonly NewMailboxEvent[];
  readonly put: MailboxEvent[];
}

export interface EventWritesDeps {
  readonly database: Database;
  readonly clock: Clock;
  /** Called for each event that was put. */
  readonly onPut: (user: string, seq: number) => void;
}

/** Puts events into the tables of the mailbox. */
export class EventWrites {
  readonly #batches: StatementBatches<PendingPut>;

  constructor(private readonly deps: EventWritesDeps) {
    this.#batches = new StatementBatches((items) => this.#putAll(items), {
      maxWeight: MAX_BATCH_BYTES,
      weightOf: ({ events }) => events.reduce((sum, event) => sum + weightOf(event), 0),
      minInterval: { ms: PUT_INTERVAL_MS, clock: deps.clock },
    });
  }

  /** Puts events and resolves after the commit. Returns the events that were put and that no newer event has replaced. */
  async put(events: readonly NewMailboxEvent[]): Promise<readonly MailboxEvent[]> {
    const put: MailboxEvent[] = [];
    // one part at a time, so that events of other senders share the statements instead of waiting for all parts
    for (const part of partsOf(events)) {
      const pending: PendingPut = { events: part, put: [] };
      await this.#batches.add(pending);
      put.push(...pending.put);
    }
    return put;
  }

  async #putAll(items: readonly PendingPut[]): Promise<void> {
    const events = items.flatMap((item) => item.events.map((event) => ({ event, item })));
    const rows = await this.deps.database.rows<{ n: number; seq: number | null }>(
      sql.PUT,
      putParams(
        events.map(({ event }) => event),
        this.deps.clock.now(),
      ),
      'mailbox put',
    );
    const replaced = await this.#collapse(events.map(({ event }) => event));
    for (const { n, seq } of rows) {
      if (seq === null) continue;
      const { event, item } = events[n - 1] as (typeof events)[number];
      this.deps.onPut(event.user, seq);
      if (!replaced.has(keyOf(event.user, seq))) item.put.push({ ...event, seq });
    }
  }

  /**
   * Replaces older events with the same collapse key. Does so for repeats too, because their first attempt may have failed before this
   * statement. Returns the keys of the replaced events.
   */
  async #collapse(events: readonly NewMailboxEvent[]): Promise<ReadonlySet<string>> {
    const keyed = events.filter(({ collapseKey }) => collapseKey !== undefined);
    if (keyed.length === 0) return new Set();
    const params = [keyed.map(({ user }) => user), keyed.map(({ collapseKey }) => collapseKey), this.deps.clock.now()];
    const rows = await this.deps.database.rows<{ user: string; seq: number }>(sql.COLLAPSE, params);
    return new Set(rows.map(({ user, seq }) => keyOf(user, seq)));
  }
}

function weightOf({ content }: NewMailboxEvent): number {
  return content.body.length + MAX_BATCH_BYTES / MAX_BATCH_EVENTS;
}

/** Splits events into parts that fit into one statement, because an event for all users is as large as all its copies. */
function* partsOf(events: readonly NewMailboxEvent[]): Iterable<readonly NewMailboxEvent[]> {
  let part: NewMailboxEvent[] = [];
  let weight = 0;
  for (const event of events) {
    part.push(event);
    weight += weightOf(event);
    if (weight < MAX_BATCH_BYTES) continue;
    yield part;
    part = [];
    weight = 0;
  }
  if (part.length > 0) yield part;
}

function keyOf(user: string, seq: number): string {
  return `${seq} ${user}`;
}

/** Returns the parameters of `PUT`. The content of an event for many users is transferred once. */
function putParams(events: readonly NewMailboxEvent[], now: number): unknown[] {
  const bytes: Buffer[] = [];
  let length = 0;
  const spanOf = new Map<EventContent, { readonly start: number; readonly head: number; readonly size: number }>();
  const add = (content: EventContent) => {
    const head = Buffer.from(JSON.stringify(content.headers));
    const span = { start: length, head: head.length, size: content.body.length };
    spanOf.set(content, span);
    bytes.push(head, content.body);
    length += head.length + content.body.length;
    return span;
  };
  const spans = events.map(({ content }) => spanOf.get(content) ?? add(content));
  return [
    Buffer.concat(bytes, length),
    events.map(({ user }) => user),
    events.map(({ content }) => content.id),
    events.map(({ workplace }) => workplace ?? null),
    events.map(({ collapseKey }) => collapseKey ?? null),
    events.map(({ due }) => due ?? null),
    events.map(({ keepForMs }) => now + keepForMs),
    events.map(({ sent }) => sent),
    spans.map(({ start }) => start),
    spans.map(({ head }) => head),
    spans.map(({ size }) => size),
  ];
}
