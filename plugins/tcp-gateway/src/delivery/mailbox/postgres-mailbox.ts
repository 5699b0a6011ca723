import { pause, type Bearer, type Clock, type Database, type Log, type Recipients } from '@sluice/plugin-api';
import { EventReads } from './event-reads.js';
import { EventRemovals, type Persistently } from './event-removals.js';
import { EventWrites } from './event-writes.js';
import type { MailboxEvent } from './mailbox-event.js';
import { MailboxLimits } from './mailbox-limits.js';
import type {
  DroppedEvent,
  Mailbox,
  MailboxPosition,
  MailboxSummary,
  MailboxTotals,
  NewMailboxEvent,
  ReadRequest,
  ReadResult,
  UnacknowledgedEvents,
  WaitingRun,
} from './mailbox.js';
import * as sql from './statements.js';
import { MAILBOX_TABLES } from './tables.js';
import { UserDirectory } from './user-directory.js';

const RETRY_MS = 500;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

interface SummaryRow {
  readonly user: string;
  readonly extension: string | null;
  readonly groups: readonly string[];
  readonly waiting: number;
  readonly oldest: number | null;
}

interface TotalsRow {
  readonly events: number;
  readonly users: number;
  readonly oldest: number | null;
}

export interface PostgresMailboxDeps {
  readonly database: Database;
  readonly log: Log;
  readonly clock: Clock;
  /** Fires when the gateway closes. Failed writes are not repeated after that. */
  readonly signal: AbortSignal;
}

/** Stores the mailboxes in tables of PostgreSQL. */
export class PostgresMailbox implements Mailbox {
  readonly #writes: EventWrites;
  readonly #reads: EventReads;
  readonly #removals: EventRemovals;
  readonly #directory: UserDirectory;
  readonly #limits: MailboxLimits;

  private constructor(private readonly deps: PostgresMailboxDeps) {
    const { database, clock } = deps;
    const now = () => clock.now();
    const persistently: Persistently = (failure, write) => this.#persistently(failure, write);
    this.#limits = new MailboxLimits({ ...deps, now });
    this.#writes = new EventWrites({ database, clock, onPut: (user, seq) => this.#limits.touch(user, seq) });
    this.#reads = new EventReads(database, now);
    this.#removals = new EventRemovals({ database, clock, persistently });
    this.#directory = new UserDirectory({ database, now, persistently });
  }

  static async open(deps: PostgresMailboxDeps): Promise<PostgresMailbox> {
    const mailbox = new PostgresMailbox(deps);
    await deps.database.migrate(MAILBOX_TABLES);
    await mailbox.#directory.load();
    return mailbox;
  }

  put(events: readonly NewMailboxEvent[]): Promise<readonly MailboxEvent[]> {
    return this.#writes.put(events);
  }

  read(request: ReadRequest): Promise<ReadResult> {
    return this.#reads.read(request);
  }

  readAt(positions: readonly MailboxPosition[]): Promise<readonly MailboxEvent[]> {
    return this.#reads.readAt(positions);
  }

  stillWaiting(events: UnacknowledgedEvents): Promise<ReadonlySet<number>> {
    return this.#reads.stillWaiting(events);
  }

  highestSeqs(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#reads.highestSeqs(users);
  }

  acknowledge(positions: readonly MailboxPosition[]): Promise<void> {
    return this.#removals.acknowledge(positions);
  }

  reject(positions: readonly MailboxPosition[]): Promise<readonly number[]> {
    return this.#removals.reject(positions);
  }

  resolve(recipients: Recipients): Promise<readonly string[]> {
    return this.#directory.resolve(recipients);
  }

  recordLogin(bearer: Bearer, workplace: string | undefined): void {
    this.#directory.recordLogin(bearer, workplace);
  }

  trim(cap: number): Promise<readonly DroppedEvent[]> {
    return this.#limits.trim(cap);
  }

  sweep(): Promise<number> {
    return this.#limits.sweep();
  }

  async addWaitingRun({ user, id, kind, token, until }: WaitingRun): Promise<void> {
    await this.deps.database.rows(sql.ADD_WAITING_RUN, [user, id, kind, token, until]);
  }

  async findWaitingRun(user: string, id: string): Promise<WaitingRun | undefined> {
    // a client has sent the id, and PostgreSQL refuses a text that is not a UUID
    if (!UUID.test(id)) return undefined;
    const [row] = await this.deps.database.rows<WaitingRun>(sql.FIND_WAITING_RUN, [user, id, this.deps.clock.now()]);
    return row;
  }

  async removeWaitingRun(user: string, id: string): Promise<void> {
    await this.deps.database.rows(sql.REMOVE_WAITING_RUN, [user, id]);
  }

  async summaries(users: readonly string[]): Promise<readonly MailboxSummary[]> {
    const rows = await this.deps.database.rows<SummaryRow>(sql.SUMMARIES, [users, this.deps.clock.now()]);
    return rows.map(({ extension, oldest, ...rest }) => ({
      ...rest,
      ...(extension !== null && { extension }),
      ...(oldest !== null && { oldest }),
    }));
  }

  async totals(): Promise<MailboxTotals> {
    const [row] = await this.deps.database.rows<TotalsRow>(sql.TOTALS, [this.deps.clock.now()]);
    const { events, users, oldest } = row ?? { events: 0, users: 0, oldest: null };
    return { events, users, ...(oldest !== null && { oldest }) };
  }

  /** Repeats a write until it succeeds, and logs each failure. Rejects with the last error when the gateway closes first. */
  async #persistently(failure: string, write: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.deps.signal.aborted) throw error;
        this.deps.log.debug(failure, { reason: String(error) });
        await pause(this.deps.clock, RETRY_MS, this.deps.signal, { ref: false });
      }
    }
  }
}
