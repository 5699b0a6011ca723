import type { LeaseStore, Pace, Pacer, PushOwner } from '@sluice/engine';
import type { PaceConfig } from '@sluice/flow';
import { failures, type Log, type Clock } from '@sluice/plugin-api';
import { BullSlots, checkBackEnd, type BackEnd } from './bull-slots.js';
import { ConnectionPace } from './connection-pace.js';
import { PACER_CODES } from './failures.js';

const pacerFail = failures(PACER_CODES);

/** Options of {@link BullPacer}. */
export interface BullPacerOptions {
  readonly leases: LeaseStore;
  /** Id of this host, unique and different after each start. */
  readonly hostId: string;
  readonly backend: BackEnd;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Paces connections over all hosts with BullMQ, on Redis or on PostgreSQL. The pushes themselves stay with the bus: a server that loses
 * every slot loses no push.
 *
 * While the server or the database of the leases is unavailable no call begins; calls continue automatically once it is back. A host connects to
 * the server only for the connections whose lease it holds.
 */
export class BullPacer implements Pacer {
  readonly engine: string;
  private readonly stop = new AbortController();
  private readonly paces = new Set<Pace>();

  constructor(private readonly options: BullPacerOptions) {
    this.engine = 'redis' in options.backend ? 'redis' : 'postgresql';
  }

  own(connection: string, config: PaceConfig, owner: PushOwner, signal: AbortSignal): Pace {
    const { leases, hostId, log, backend, clock } = this.options;
    const pace = new ConnectionPace(connection, config, owner, AbortSignal.any([signal, this.stop.signal]), {
      leases,
      hostId,
      log,
      clock,
      openSlots: (slots) => new BullSlots(slots, backend, log, clock),
    });
    this.paces.add(pace);
    void pace.ended.finally(() => this.paces.delete(pace));
    return pace;
  }

  async check(): Promise<void> {
    try {
      await checkBackEnd(this.options.backend, this.options.clock);
    } catch (cause) {
      throw pacerFail.PACER_UNAVAILABLE(`the pacer cannot use ${this.engine}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Stops every pace that is still running, and waits for its end. */
  async close(): Promise<void> {
    this.stop.abort();
    await Promise.all([...this.paces].map((pace) => pace.ended));
  }
}

/** Returns a readable reason: Node wraps refusals on several addresses of one name in an error without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(String).join(', ');
  return cause instanceof Error ? cause.message : String(cause);
}
