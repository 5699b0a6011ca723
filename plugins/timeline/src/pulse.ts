import type { Peers } from '@sluice/plugin-api';

const TOPIC = 'changed';

/** Wakes who waits for a change, on this host and on the others. A hint may be lost on its way between hosts: whoever waits looks anyway from time to time. */
export class Pulse {
  #beats = 0;
  readonly #waiting = new Set<() => void>();
  readonly #leave: () => void;

  constructor(private readonly peers: Peers) {
    this.#leave = peers.listen(TOPIC, () => this.#wake());
  }

  /** Something was committed. */
  readonly beat = (): void => {
    this.peers.broadcast(TOPIC, Buffer.alloc(0));
    this.#wake();
  };

  /** To be taken before looking, and handed to `next` after it: what came between is not missed. */
  get beats(): number {
    return this.#beats;
  }

  /** Resolves when there was a beat after `seen`, when the time is over, or when the signal fires. */
  async next(seen: number, withinMs: number, signal: AbortSignal): Promise<void> {
    if (this.#beats !== seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, withinMs);
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.add(end);
    });
  }

  /** Nobody waits any more. */
  close(): void {
    this.#leave();
    this.#wake();
  }

  #wake(): void {
    this.#beats++;
    for (const end of [...this.#waiting]) end();
  }
}
