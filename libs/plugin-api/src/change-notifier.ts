import type { Clock } from './clock.js';
import type { Peers } from './services.js';

const TOPIC = 'changed';

/**
 * Wakes waiters on this host and on the others after a change in the tables of a connection, such as a trigger that reads an outbox. A
 * message between hosts may be lost, so waiters also poll. It uses the topic `changed` of the peers of the connection.
 */
export class ChangeNotifier {
  #beats = 0;
  readonly #waiting = new Set<() => void>();
  readonly #leave: () => void;

  /**
   * @param onChange is called for each change that this host has committed.
   */
  constructor(
    private readonly peers: Peers,
    private readonly clock: Clock,
    private readonly onChange: () => void = () => undefined,
  ) {
    this.#leave = peers.listen(TOPIC, () => this.#wake());
  }

  /** Reports a committed change. */
  readonly notify = (): void => {
    this.peers.broadcast(TOPIC, Buffer.alloc(0));
    this.onChange();
    this.#wake();
  };

  /** Number of beats so far. Read it before the state and pass it to `next` afterwards, so that no change in between is missed. */
  get count(): number {
    return this.#beats;
  }

  /** Resolves after a beat later than `seen`, after the time, or when the signal fires. */
  async next(seen: number, withinMs: number, signal: AbortSignal): Promise<void> {
    if (this.#beats !== seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = this.clock.after(withinMs, end);
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.add(end);
    });
  }

  /** Stops listening and wakes all waiters. */
  close(): void {
    this.#leave();
    this.#wake();
  }

  #wake(): void {
    this.#beats++;
    for (const end of [...this.#waiting]) end();
  }
}
