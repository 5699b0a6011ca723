import { isSluiceError, type Closable, type Host } from '@sluice/plugin-api';
import type { Config } from './config.js';
import { EventBoard, type EventHandler } from './ami/event-board.js';
import { serverFilters, type EventFilter } from './ami/filters.js';
import type { Packet } from './ami/packet.js';
import { AmiSession, type Listing } from './ami/session.js';
import type { AmiAction } from './ami/write-action.js';

/** Narrow interface over one exchange. */
export interface AmiClient extends Closable {
  readonly config: Config;
  readonly host: Host;
  /** Such as `Asterisk at pbx:5038`, for messages. */
  readonly where: string;
  /**
   * Calls the listener with the reason when the session ends, or at once when it has ended.
   *
   * @returns a function that removes the listener: a session outlives many calls and must not keep them in memory
   */
  onEnd(listener: (reason: Error) => void): () => void;
  /** The answer to an action. Throws a SluiceError; never asks twice. */
  ask(action: AmiAction, signal?: AbortSignal): Promise<Packet>;
  /** The answer to an action that lists things. */
  list(action: AmiAction, signal?: AbortSignal): Promise<Listing>;
  /** Hears the events that are wanted. Resolves when the exchange sends them, with the function that ends it. */
  listen(wanted: EventFilter, ear: EventHandler): Promise<() => void>;
  /** Throws when the exchange cannot be used. */
  check(): Promise<void>;
}

/** A client on one session. When that ends the engine opens another client. */
export class SessionClient implements AmiClient {
  /** Filters can be added to a session and not taken away. */
  private readonly filters = new Set<string>();
  private filtered = true;
  /** Listeners come and go one after another: what the exchange was told last must be what holds. */
  private telling: Promise<void> = Promise.resolve();
  /** The last event mask that Asterisk confirmed. */
  private hearing = false;
  private endReason: Error | undefined;
  private readonly endListeners = new Set<(reason: Error) => void>();

  private constructor(
    readonly config: Config,
    readonly host: Host,
    private readonly session: AmiSession,
    private readonly board: EventBoard,
  ) {
    void session.ended.then((reason) => {
      this.endReason = reason;
      host.lost(reason);
      for (const listener of this.endListeners) listener(reason);
      this.endListeners.clear();
    });
  }

  /** Rejects as `AmiSession.open`. */
  static async open(config: Config, host: Host): Promise<AmiClient> {
    const count = host.services.meter.counter(
      'sluice_ami_missed_total',
      'Events of an exchange that came faster than they were taken, and were left out',
    );
    const board = new EventBoard((missed) => {
      count(missed);
      host.log.warn(`Asterisk at ${config.host}:${config.port} has said more than could be taken, and events were left out`, {
        missed,
      });
    });
    return new SessionClient(config, host, await AmiSession.open(config, board, host), board);
  }

  get where(): string {
    return this.session.where;
  }

  onEnd(listener: (reason: Error) => void): () => void {
    if (this.endReason) {
      listener(this.endReason);
      return () => undefined;
    }
    this.endListeners.add(listener);
    return () => this.endListeners.delete(listener);
  }

  ask(action: AmiAction, signal?: AbortSignal): Promise<Packet> {
    return this.session.ask(action, signal);
  }

  list(action: AmiAction, signal?: AbortSignal): Promise<Listing> {
    return this.session.list(action, signal);
  }

  async listen(wanted: EventFilter, ear: EventHandler): Promise<() => void> {
    const remove = this.board.add(wanted, ear);
    try {
      await this.tell(serverFilters(wanted));
    } catch (error) {
      remove();
      throw error;
    }
    return () => {
      remove();
      void this.tell([]).catch(() => undefined);
    };
  }

  async check(): Promise<void> {
    await this.session.ask({ Action: 'Ping' });
  }

  close(): Promise<void> {
    return this.session.close();
  }

  /** Makes the exchange send what is wanted now; one change after another. */
  private tell(filters: readonly string[]): Promise<void> {
    const told = this.telling.then(async () => {
      for (const filter of filters) await this.addFilter(filter);
      const wanted = !this.board.empty;
      if (this.hearing === wanted) return;
      await this.session.ask({ Action: 'Events', EventMask: wanted ? 'on' : 'off' });
      // known only now: after a refusal the next listener must ask again, and be refused as well
      this.hearing = wanted;
    });
    this.telling = told.catch(() => undefined);
    return told;
  }

  private async addFilter(filter: string): Promise<void> {
    if (!this.filtered || this.filters.has(filter)) return;
    try {
      await this.session.ask({ Action: 'Filter', Operation: 'Add', Filter: filter });
      this.filters.add(filter);
    } catch (error) {
      if (!isSluiceError(error) || !['AMI_DENIED', 'AMI_REFUSED'].includes(error.code)) throw error;
      this.filtered = false;
      this.host.log.info(`${this.where} sends all events, they are filtered here: ${error.message}`);
    }
  }
}
