import { pause, type Clock, type Log, type Services } from '@sluice/plugin-api';
import type { Attachments } from './attachments/attachments.js';
import type { Outbox } from './bots/outbox.js';
import { statement } from './database/statement.js';
import type { Tables } from './database/tables.js';

const SWEEP_EVERY_MS = 600_000;
/** Maximum number of rows that one statement deletes. */
const BATCH = 1_000;

/** Deletes up to {@link BATCH} messages of the discussion `$2` that are older than `$3` days, with everything that belongs to them. */
const EXPIRE = statement<{ readonly count: number; readonly files: string[] | null }>(
  'expire messages',
  `with old as (
     select seq from (
       select seq, at from message where subscriber = $1 and discussion = $2 order by seq limit ${BATCH}
     ) as oldest where at < now() - $3 * interval '1 day'
   ), gone as (
     delete from message x using old where x.subscriber = $1 and x.discussion = $2 and x.seq = old.seq
   ), versions as (
     delete from message_version v using old where v.subscriber = $1 and v.discussion = $2 and v.seq = old.seq
   ), reactions as (
     delete from reaction r using old where r.subscriber = $1 and r.discussion = $2 and r.seq = old.seq
   ), files as (
     delete from attachment f using old where f.subscriber = $1 and f.discussion = $2 and f.seq = old.seq returning f.id
   )
   select (select count(*)::int from old) as count, (select array_agg(id) from files) as files`,
);

export interface UpkeepDeps {
  readonly tables: Tables;
  readonly attachments: Attachments;
  readonly outbox: Outbox;
  /** How long a repeated post is recognised, in milliseconds. */
  readonly keepSentMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Deletes what has become too old: messages by the retention of their discussion, client ids, unsent files, flows that are gone. */
export class Upkeep {
  constructor(private readonly deps: UpkeepDeps) {}

  /** Runs every ten minutes, on one host at a time, until the signal fires. */
  start(services: Pick<Services, 'lease'>, signal: AbortSignal): void {
    const { clock, log } = this.deps;
    const work = async (held: AbortSignal) => {
      for (;;) {
        await pause(clock, SWEEP_EVERY_MS, held, { ref: false });
        if (held.aborted) return;
        await this.run(held).catch((error: unknown) =>
          log.warn('old messages and files could not be deleted', { error: String(error) }),
        );
      }
    };
    services.lease('upkeep', signal, work).catch((error: unknown) => {
      if (!signal.aborted) log.warn('old messages and files are not deleted any more', { error: String(error) });
    });
  }

  /** Deletes everything that is too old now. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#expireMessages(signal);
    await this.#expireClientIds(signal);
    await this.deps.tables.rows('delete from waiting where deadline < now()');
    await this.deps.outbox.sweep();
    await this.deps.attachments.sweep();
  }

  async #expireMessages(signal: AbortSignal): Promise<void> {
    const { tables, attachments } = this.deps;
    const limited = await tables.rows<{ readonly subscriber: string; readonly id: string; readonly days: number }>(
      'select subscriber, id, retention_days as days from discussion where retention_days is not null',
    );
    for (const { subscriber, id, days } of limited) {
      for (let count = BATCH; count === BATCH && !signal.aborted;) {
        const [row] = await tables.of(subscriber).rows(EXPIRE, id, days);
        await attachments.delete(subscriber, row?.files ?? []);
        count = row?.count ?? 0;
      }
    }
  }

  async #expireClientIds(signal: AbortSignal): Promise<void> {
    for (let count = BATCH; count === BATCH && !signal.aborted;) {
      const rows = await this.deps.tables.rows<{ readonly count: number }>(
        `with old as (
           delete from sent where ctid in (select ctid from sent where at < now() - $1 * interval '1 ms' limit ${BATCH}) returning 1
         ) select count(*)::int as count from old`,
        [this.deps.keepSentMs],
      );
      count = rows[0]?.count ?? 0;
    }
  }
}
