import type { Clock, Database } from '@sluice/plugin-api';
import type { MailboxPosition } from './mailbox.js';
import { StatementBatches } from './statement-batches.js';
import * as sql from './statements.js';

const MAX_BATCH = 1_000;
/**
 * Minimum milliseconds between two statements of acknowledgements. Senders do not wait for this commit, and clients wait only if they have
 * requested a receipt.
 */
const ACKNOWLEDGE_INTERVAL_MS = 20;

interface PendingReject {
  readonly positions: readonly MailboxPosition[];
  times: readonly number[];
}

/**
 * Repeats a write until it succeeds. Rejects when the gateway closes first.
 *
 * @param failure the log line for each failed write.
 */
export type Persistently = (failure: string, write: () => Promise<unknown>) => Promise<void>;

export interface EventRemovalsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly persistently: Persistently;
}

/** Writes acknowledgements and rejections of clients into the tables of the mailbox. */
export class EventRemovals {
  readonly #acknowledgements: StatementBatches<readonly MailboxPosition[]>;
  readonly #rejections = new StatementBatches<PendingReject>((items) => this.#rejectAll(items), { maxWeight: MAX_BATCH });

  constructor(private readonly deps: EventRemovalsDeps) {
    this.#acknowledgements = new StatementBatches((items) => this.#acknowledgeAll(items.flat()), {
      maxWeight: MAX_BATCH,
      minInterval: { ms: ACKNOWLEDGE_INTERVAL_MS, clock: deps.clock },
    });
  }

  acknowledge(positions: readonly MailboxPosition[]): Promise<void> {
    return this.#acknowledgements.add(positions);
  }

  async reject(positions: readonly MailboxPosition[]): Promise<readonly number[]> {
    if (positions.length === 0) return [];
    const pending: PendingReject = { positions, times: [] };
    await this.#rejections.add(pending);
    return pending.times;
  }

  /**
   * Repeats the write until it succeeds. Otherwise the events would stay in the mailbox until their client receives and acknowledges them
   * again.
   */
  async #acknowledgeAll(positions: readonly MailboxPosition[]): Promise<void> {
    await this.deps.persistently('failed to write acknowledgements, the write is repeated', () =>
      this.deps.database.rows(sql.ACKNOWLEDGE, [...sql.columns(positions), this.deps.clock.now()], 'mailbox acknowledge'),
    );
  }

  /** Counts one rejection for a position that several clients have rejected in one batch. */
  async #rejectAll(items: readonly PendingReject[]): Promise<void> {
    const positions = items.flatMap((item) => item.positions);
    const rows = await this.deps.database.rows<MailboxPosition & { rejected: number }>(sql.REJECT, sql.columns(positions));
    const times = new Map(rows.map(({ user, seq, rejected }) => [`${seq} ${user}`, rejected]));
    for (const item of items) item.times = item.positions.map(({ user, seq }) => times.get(`${seq} ${user}`) ?? 0);
  }
}
