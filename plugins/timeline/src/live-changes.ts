import { newEventId, type Clock, type DesktopClient, type DesktopGateway, type RegisteredDestination } from '@sluice/plugin-api';

/** Minimum milliseconds between two messages to the pages. An import changes a thousand entries, and a page reads all changes at once. */
const PUBLISH_INTERVAL_MS = 100;
const PATH = 'changes';

export interface LiveChangesDeps {
  readonly gateway: DesktopGateway;
  /** Name of the connection of the calendar. */
  readonly connection: string;
  /** Returns whether a client may read the calendar. */
  readonly mayRead: (client: DesktopClient) => boolean;
  /** Fires when the calendar closes. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Reports over a gateway that the calendar has changed, to the open pages of all hosts. The message contains no data: a page reads the
 * changes after its cursor, so a lost message delays them and loses none.
 */
export class LiveChanges {
  /** The STOMP destination to which pages subscribe. */
  readonly destination: string;
  readonly #registered: RegisteredDestination;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  #isPausing = false;
  #changedMeanwhile = false;

  constructor({ gateway, connection, mayRead, signal, clock }: LiveChangesDeps) {
    const prefix = `/timeline/${connection}/`;
    this.destination = prefix + PATH;
    this.#signal = signal;
    this.#clock = clock;
    this.#registered = gateway.registerDestination(
      { prefix, mayRead: (client, path) => path === PATH && mayRead(client) },
      signal,
    );
  }

  /** Reports a committed change: at once, or together with later changes after a report of the last {@link PUBLISH_INTERVAL_MS}. */
  notify(): void {
    if (this.#signal.aborted) return;
    if (this.#isPausing) {
      this.#changedMeanwhile = true;
      return;
    }
    this.#registered.publish(PATH, { id: newEventId(), event: 'timeline.changed' });
    this.#isPausing = true;
    const end = () => {
      this.#isPausing = false;
      const changed = this.#changedMeanwhile;
      this.#changedMeanwhile = false;
      if (changed) this.notify();
    };
    this.#clock.after(PUBLISH_INTERVAL_MS, end).unref();
  }
}
