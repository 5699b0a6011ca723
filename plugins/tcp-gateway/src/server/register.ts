interface RegisteredSession {
  /** Ends the session with an ERROR frame that contains the reason. */
  fail(reason: unknown): void;
}

/** The sessions of a server that have not closed. */
export class Register {
  readonly #connections = new Set<RegisteredSession>();
  #onEmpty: (() => void) | undefined;

  get size(): number {
    return this.#connections.size;
  }

  add(connection: RegisteredSession): void {
    this.#connections.add(connection);
  }

  delete(connection: RegisteredSession): void {
    this.#connections.delete(connection);
    if (this.size === 0) this.#onEmpty?.();
  }

  /** Ends all sessions with this reason and resolves once they have closed. */
  async dismiss(reason: unknown): Promise<void> {
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    if (this.size === 0) return;
    for (const connection of this.#connections) connection.fail(reason);
    await empty;
  }
}
