import type { Database, Log } from '@sluice/plugin-api';
import { ID_KEPT_MS, type DroppedEvent } from './mailbox.js';
import * as sql from './statements.js';

/** Maximum users whose mailboxes one statement trims. */
const MAX_TRIMMED_USERS = 500;
/** Maximum rows that one statement of a sweep changes, so that it ends well within the query timeout. */
const MAX_SWEPT_ROWS = 20_000;
/** Workplaces that were not used for this time are deleted. */
const WORKPLACE_KEPT_MS = 30 * 86_400_000;

/** Number of events of a user that waited when the highest position was `highestSeq`. Each later position is at most one event more. */
interface Fill {
  readonly highestSeq: number;
  readonly waiting: number;
}

interface TrimRow extends Fill {
  readonly user: string;
  readonly dropped: readonly string[];
}

export interface MailboxLimitsDeps {
  readonly database: Database;
  readonly log: Log;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Removes events beyond the size limit of a mailbox, expired events and old tombstones. */
export class MailboxLimits {
  /** The highest position that this host has put for each user since the last trim. */
  readonly #touched = new Map<string, number>();
  /** Counts of mailboxes from earlier trims. */
  readonly #fills = new Map<string, Fill>();

  constructor(private readonly deps: MailboxLimitsDeps) {}

  /** Records that an event was put, so that the next trim checks the mailbox. */
  touch(user: string, seq: number): void {
    this.#touched.set(user, Math.max(seq, this.#touched.get(user) ?? 0));
  }

  async trim(cap: number): Promise<readonly DroppedEvent[]> {
    const touched = new Map(this.#touched);
    this.#touched.clear();
    const full = [...touched].filter(([user, seq]) => this.#maxWaiting(user, seq) > cap);
    const dropped: DroppedEvent[] = [];
    for (let at = 0; at < full.length; at += MAX_TRIMMED_USERS) {
      const users = full.slice(at, at + MAX_TRIMMED_USERS).map(([user]) => user);
      try {
        const rows = await this.deps.database.rows<TrimRow>(sql.TRIM, [users, cap, this.deps.now()]);
        for (const { user, highestSeq, waiting } of rows) this.#fills.set(user, { highestSeq, waiting });
        dropped.push(...rows.flatMap((row) => row.dropped.map((id) => ({ user: row.user, id }))));
      } catch (error) {
        this.deps.log.debug('failed to trim mailboxes, the next run repeats it', { reason: String(error) });
        for (const [user, seq] of full.slice(at)) this.touch(user, seq);
        return dropped;
      }
    }
    return dropped;
  }

  async sweep(): Promise<number> {
    const now = this.deps.now();
    await this.deps.database.rows(sql.SWEEP, [now, now - WORKPLACE_KEPT_MS]);
    await this.#inParts(sql.FORGET, now - ID_KEPT_MS);
    return this.#inParts(sql.EXPIRE, now);
  }

  /** Repeats a statement that changes a limited number of rows until it finds fewer. Returns the total number of rows. */
  async #inParts(statement: string, time: number): Promise<number> {
    let total = 0;
    for (let count = MAX_SWEPT_ROWS; count === MAX_SWEPT_ROWS && !this.deps.signal.aborted; total += count) {
      const [row] = await this.deps.database.rows<{ count: number }>(statement, [time, MAX_SWEPT_ROWS]);
      count = row?.count ?? 0;
    }
    return total;
  }

  /** Returns the maximum number of events that can wait for a user with this highest position, including events of other hosts. */
  #maxWaiting(user: string, seq: number): number {
    const fill = this.#fills.get(user);
    // positions start at 1 again for a user that a sweep has deleted
    return fill && seq >= fill.highestSeq ? fill.waiting + seq - fill.highestSeq : seq;
  }
}
