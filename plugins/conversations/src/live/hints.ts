import { derivedId, pause, type Clock, type DesktopGateway, type Log, type Services } from '@sluice/plugin-api';
import type { LiveEvents } from '../contract.js';
import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import { FLOWS_ISSUER } from '../bots/bots.js';
import { visibleTo } from '../messages/message-rows.js';
import type { LiveFeed } from './live-feed.js';

/** A member who has not received a message after this time gets a hint. */
const HINT_AFTER_MS = 1_000;
const LOOK_EVERY_MS = 250;
/** Maximum number of discussions whose hints are read at once. */
const BATCH = 200;
/** Maximum number of discussions that wait for their hints on a host; those of further ones are found by the sweep. */
const MAX_PENDING = 50_000;
/** The first sweep waits for hosts that start at the same time. */
const FIRST_SWEEP_AFTER_MS = 5_000;
/** How often one host looks for messages of hosts that have died before their hints. */
const SWEEP_EVERY_MS = 60_000;
/** Age of the messages that a sweep looks at: older than the hints of a living host, younger than two sweeps. */
const SWEEP_FROM = '180 seconds';
/** At the first sweep also messages of a workspace that stood still. */
const FIRST_SWEEP_FROM = '1 day';
/** Number of the newest messages that decide whether a member misses one. */
const LOOKED_AT = 1_000;

type HintRow = Omit<LiveEvents['conversations.unread'], 'key'> & {
  readonly key: string | null;
  /** Full names, `<issuer>/<sub>`. */
  readonly users: string[];
  readonly people: string[];
};

/**
 * For each of the discussions `$2` the members who miss a message and have no hint yet. A member who has a hint gets the next one after his
 * client has marked something as delivered: however many messages come, a mailbox contains one hint per discussion.
 */
const MISSING = statement<HintRow>(
  'missing hints',
  `select d.id as discussion, d.kind, d.key, d.title, d.last_seq::float8 as "lastSeq",
     array_agg(a.issuer || '/' || p.sub) as users, array_agg(m.person) as people
   from discussion d
   join member m on m.subscriber = $1 and m.discussion = d.id
   join person p on p.subscriber = $1 and p.id = m.person
   join application a on a.subscriber = $1 and a.id = p.application
   where d.subscriber = $1 and d.id = any($2::uuid[])
     and greatest(m.delivered_seq, m.read_seq) < d.last_seq and m.hinted_seq <= greatest(m.delivered_seq, m.read_seq)
     and (m.muted_until is null or m.muted_until < now())
     and not p.is_locked and p.erased_at is null and a.issuer not like '${FLOWS_ISSUER}%'
     and exists (
       select from message x where x.subscriber = $1 and x.discussion = d.id
         and x.seq > greatest(m.delivered_seq, m.read_seq, d.last_seq - ${LOOKED_AT})
         and x.author <> m.person and x.deleted_at is null and ${visibleTo('m.person')})
   group by d.id, d.kind, d.key, d.title, d.last_seq`,
);

const HINTED = statement<object>(
  'hinted',
  `update member set hinted_seq = greatest(hinted_seq, $4) where subscriber = $1 and discussion = $2 and person = any($3::uuid[])`,
);

export interface HintsDeps {
  readonly tables: Tables;
  readonly feed: LiveFeed;
  readonly gateway: Pick<DesktopGateway, 'deliver'>;
  readonly services: Pick<Services, 'lease'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Puts hints of unread messages into the mailboxes of people whose clients have not marked them as delivered. Each host does so for the
 * messages that it has posted, and one host under a lease for those of hosts that have died. What was hinted stands in the table, and the id
 * of a hint is derived, so that a repetition changes nothing.
 */
export class Hints {
  /** By discussion; the oldest is the first. */
  readonly #pending = new Map<string, { readonly subscriber: string; readonly due: number }>();

  constructor(private readonly deps: HintsDeps) {}

  /** Begins to hint; ends with the signal. */
  start(): void {
    const { clock, signal, services, log } = this.deps;
    void (async () => {
      while (!signal.aborted) {
        await this.#hintDue();
        await pause(clock, LOOK_EVERY_MS, signal, { ref: false });
      }
    })();
    services
      .lease('hints', signal, (held) => this.#sweep(held))
      .catch((error: unknown) => {
        if (!signal.aborted) log.warn('the hints of hosts that died are not swept any more', { error: String(error) });
      });
  }

  /** Notes a message that was posted on this host. */
  posted(subscriber: string, discussion: string): void {
    if (this.#pending.size >= MAX_PENDING || this.#pending.has(discussion)) return;
    this.#pending.set(discussion, { subscriber, due: this.deps.clock.monotonic() + HINT_AFTER_MS });
  }

  async #hintDue(): Promise<void> {
    const now = this.deps.clock.monotonic();
    const due = new Map<string, string[]>();
    for (const [discussion, { subscriber, due: at }] of this.#pending) {
      if (at > now) break;
      this.#pending.delete(discussion);
      due.set(subscriber, [...(due.get(subscriber) ?? []), discussion]);
    }
    for (const [subscriber, discussions] of due) await this.#hint(subscriber, discussions);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { tables, clock, log } = this.deps;
    await pause(clock, FIRST_SWEEP_AFTER_MS, signal, { ref: false });
    for (let from = FIRST_SWEEP_FROM; !signal.aborted; from = SWEEP_FROM) {
      try {
        const rows = await tables.rows<{ readonly subscriber: string; readonly ids: string[] }>(
          `select subscriber, array_agg(id) as ids from discussion
           where last_seq > 0 and active_at > (select max(active_at) from discussion) - $1::interval and active_at < now() - interval '15 seconds'
           group by subscriber`,
          [from],
        );
        for (const { subscriber, ids } of rows) await this.#hint(subscriber, ids);
      } catch (error) {
        log.debug('the sweep of hints failed', { error: String(error) });
      }
      await pause(clock, SWEEP_EVERY_MS, signal, { ref: false });
    }
  }

  async #hint(subscriber: string, discussions: readonly string[]): Promise<void> {
    for (let from = 0; from < discussions.length; from += BATCH) {
      const batch = discussions.slice(from, from + BATCH);
      try {
        const rows = await this.deps.tables.of(subscriber).rows(MISSING, batch);
        await Promise.all(rows.map((row) => this.#deliver(subscriber, row)));
      } catch (error) {
        // later, or by the sweep
        this.deps.log.debug('hints of unread messages could not be delivered', { error: String(error) });
        for (const discussion of batch) this.posted(subscriber, discussion);
      }
    }
  }

  async #deliver(subscriber: string, { users, people, key, ...hint }: HintRow): Promise<void> {
    const { discussion, lastSeq } = hint;
    const data = { ...hint, ...(key !== null && { key }) };
    await this.deps.gateway.deliver(
      users.map((user) => ({ user })),
      { id: derivedId(discussion, 'unread', lastSeq), event: 'conversations.unread', data },
      { offline: { collapseKey: `conversation.${discussion}` } },
    );
    await this.deps.tables.of(subscriber).rows(HINTED, discussion, people, lastSeq);
    this.deps.feed.publish(people, 'conversations.unread', data);
  }
}
