import type { LeaseStore, Pace, Pacer, PushOwner } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { failures, type Log } from '@sluice/plugin-api';
import { BullSlots, checkBackEnd, type BackEnd } from './bull-slots.js';
import { systemClock, type Clock } from './clock.js';
import { ConnectionPace } from './connection-pace.js';

/** What a start fails with, and what the doctor reports; never seen by a flow. */
export const PACER_CODES = {
  PACER_UNAVAILABLE: { fate: 'unavailable', cure: 'check that the server which keeps the pace runs: sluice doctor tells' },
} as const;
const pacerFail = failures(PACER_CODES);

export interface BullPacerOptions {
  readonly leases: LeaseStore;
  /** Tells this host from the others; another one after each start. */
  readonly hostId: string;
  readonly backend: BackEnd;
  readonly log: Log;
  readonly clock?: Clock;
}

/**
 * Paces connections over all hosts by BullMQ, on Redis or on PostgreSQL. RabbitMQ (or whoever holds the pushes) is the owner's business:
 * a server that loses every slot loses no push.
 *
 * While the server or the lease's database is away nothing begins; it goes on by itself. Connections to the server exist only for the
 * connections whose lease this host holds.
 */
export class BullPacer implements Pacer {
  readonly engine: string;
  private readonly stop = new AbortController();
  private readonly paces = new Set<Pace>();

  constructor(private readonly options: BullPacerOptions) {
    this.engine = 'redis' in options.backend ? 'redis' : 'postgresql';
  }

  own(connection: string, config: PaceConfig, owner: PushOwner, signal: AbortSignal): Pace {
    const { leases, hostId, log, backend, clock = systemClock } = this.options;
    const pace = new ConnectionPace(connection, config, owner, AbortSignal.any([signal, this.stop.signal]), {
      leases,
      hostId,
      log,
      clock,
      openSlots: (slots) => new BullSlots(slots, backend, log),
    });
    this.paces.add(pace);
    void pace.ended.finally(() => this.paces.delete(pace));
    return pace;
  }

  async check(): Promise<void> {
    try {
      await checkBackEnd(this.options.backend);
    } catch (cause) {
      throw pacerFail.PACER_UNAVAILABLE(`the pacer cannot use ${this.engine}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Stops every pace that is not stopped yet, and waits for them. */
  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all([...this.paces].map((pace) => pace.ended));
  }
}

/** Node wraps refusals on several addresses of one name into an error without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(String).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
