/**
 * Whether the host accepts requests. Redelivered messages are processed only then: one of them may have killed the host at its last start,
 * and it must not keep the host from accepting requests.
 */
export class Readiness {
  readonly #waiting: (() => void)[] = [];
  #state: 'starting' | 'ready' | 'stopped' = 'starting';

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Calls `back` once, when the host becomes ready; not at all when it stops before. */
  onReady(back: () => void): void {
    if (this.#state === 'ready') back();
    else if (this.#state === 'starting') this.#waiting.push(() => this.ready && back());
  }

  /** Resolves with true when the host is ready, with false when it stops before. */
  async reached(): Promise<boolean> {
    if (this.#state === 'starting') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.ready;
  }

  open(): void {
    if (this.#state === 'starting') this.#become('ready');
  }

  /** Ends all waits because the host stops: waiting messages return to their queues. */
  stop(): void {
    if (this.#state === 'starting') this.#become('stopped');
  }

  #become(state: 'ready' | 'stopped'): void {
    this.#state = state;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
