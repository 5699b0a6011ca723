import type { StompSession } from './stomp-session.js';

/** Every connection that has not closed. */
export class Register {
  readonly #connections = new Set<StompSession>();
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#connections.size;
  }

  add(connection: StompSession): void {
    this.#connections.add(connection);
  }

  delete(connection: StompSession): void {
    this.#connections.delete(connection);
    if (this.size === 0) this.#onEmpty?.();
  }

  /** Tells all of them why they have to go, and resolves when they have. */
  async dismiss(reason: unknown): Promise<void> {
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    if (this.size === 0) return;
    for (const connection of this.#connections) connection.fail(reason);
    await empty;
  }
}
