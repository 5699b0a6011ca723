import type { Discussion } from '../contract.js';
import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import type { Actor } from '../discussions/discussions.js';
import { MESSAGE, type MessageRow } from '../messages/message-rows.js';

export const REASONS = ['mention', 'command', 'button', 'any'] as const;
export type Reason = (typeof REASONS)[number];

/** A person as events of flows contain it. */
export interface PersonView {
  readonly id: string;
  readonly name: string;
  readonly application: string;
  readonly sub: string;
  readonly isBot: boolean;
}

/** A message that waits for a flow. The columns of the message are null when retention has deleted it. */
export type OutboxRow = MessageRow & {
  readonly no: string;
  /** Id of the event: that of the message, or one drawn with the press of a button. The same in every repetition. */
  readonly event: string;
  readonly reason: Reason;
  readonly pressed: { readonly button: string; readonly action: string; readonly data?: unknown; readonly person: string } | null;
  readonly kind: Discussion['kind'];
  readonly key: string | null;
  readonly title: string;
  readonly context: string | null;
  readonly people: readonly PersonView[];
};

const BATCH = 200;
/** A flow that has not listened for this long is forgotten together with its events. */
const FORGOTTEN_AFTER = '7 days';

const LISTEN = statement<object>(
  'listen',
  `insert into listener (flow, subscriber, bot, reasons, commands) values ($2, $1, $3, $4, $5)
   on conflict (flow) do update set subscriber = $1, bot = excluded.bot, reasons = excluded.reasons, commands = excluded.commands, seen_at = now()`,
);

const NEXT = statement<OutboxRow>(
  'next events',
  `select o.no::text, o.id as event, o.reason, o.pressed, ${MESSAGE}, d.kind, d.key, d.title, d.context,
     (select json_agg(json_build_object('id', p.id, 'name', p.name, 'application', a.issuer, 'sub', p.sub, 'isBot', p.is_bot))
      from person p join application a on a.subscriber = $1 and a.id = p.application
      where p.subscriber = $1 and p.id in (x.author, (o.pressed ->> 'person')::uuid)) as people
   from outbox o
   join message x on x.subscriber = $1 and x.discussion = o.discussion and x.seq = o.seq and x.deleted_at is null
   join discussion d on d.subscriber = $1 and d.id = o.discussion
   where o.subscriber = $1 and o.flow = $2 order by o.no limit ${BATCH}`,
);

/** Deletes events of the flow `$2`: those with the numbers `$3`, and those whose message was deleted before the flow got it. */
const DROP = statement<object>(
  'drop events',
  `delete from outbox o where subscriber = $1 and flow = $2 and (no = any($3::bigint[]) or not exists (
     select from message x where x.subscriber = $1 and x.discussion = o.discussion and x.seq = o.seq and x.deleted_at is null))`,
);

/**
 * The events that wait for one flow. They are deleted rather than passed by a cursor: rows are committed out of order, and a cursor would
 * skip late ones.
 */
export class Outbox {
  constructor(private readonly tables: Tables) {}

  /** From now on keeps messages for the flow until {@link drop}, also across restarts of hosts. */
  async listen(
    flow: string,
    { subscriber, person }: Actor,
    reasons: readonly Reason[],
    commands: readonly string[] | undefined,
  ): Promise<void> {
    await this.tables.of(subscriber).rows(LISTEN, flow, person, reasons, commands ?? null);
  }

  /** Returns the next events, those of each discussion in order. */
  next(flow: string, { subscriber }: Actor): Promise<readonly OutboxRow[]> {
    return this.tables.of(subscriber).rows(NEXT, flow);
  }

  async drop(flow: string, { subscriber }: Actor, rows: readonly OutboxRow[]): Promise<void> {
    await this.tables.of(subscriber).rows(
      DROP,
      flow,
      rows.map(({ no }) => no),
    );
  }

  /** Forgets flows that do not listen any more. */
  async sweep(): Promise<void> {
    await this.tables.rows('delete from listener where seen_at < now() - $1::interval', [FORGOTTEN_AFTER]);
  }
}
