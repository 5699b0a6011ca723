import { pause, type Clock, type Log } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import { HEARTBEAT_MS, type HostReport, type HostStore } from '../ports/hosts.js';

export interface HostRegistrationDeps {
  readonly hosts: HostStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Fires at a graceful stop. */
  readonly signal: AbortSignal;
  /** Returns the flows and queues of the host at this moment. */
  readonly report: () => HostReport;
}

/** Announces this host in the table of hosts, from its start to its stop. */
export class HostRegistration {
  #beating: Promise<void> | undefined;

  constructor(private readonly deps: HostRegistrationDeps) {}

  /** Announces the host and repeats that every 10 s. Rejects with `STORE_UNAVAILABLE` when the first announcement fails. */
  async start(): Promise<void> {
    await this.announce();
    this.#beating = this.#beat();
  }

  /** Announces the current flows and queues of the host. */
  announce(): Promise<void> {
    return this.deps.hosts.announce(this.deps.report());
  }

  /** Removes the row. Never rejects: a row that stays becomes stale after 30 s. */
  async stop(): Promise<void> {
    await this.#beating;
    await this.deps.hosts.leave(this.deps.report().id).catch(() => undefined);
  }

  async #beat(): Promise<void> {
    const { clock, signal, log } = this.deps;
    while (!signal.aborted) {
      await pause(clock, HEARTBEAT_MS, signal, { ref: false });
      if (!signal.aborted)
        await this.announce().catch((error: unknown) =>
          log.debug('the host could not announce itself', { reason: messageOf(error) }),
        );
    }
  }
}
