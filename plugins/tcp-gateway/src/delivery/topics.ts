import type { Session, Subscription } from '../server/desk.js';

/** Who listens to which topic on this host. */
export class Topics {
  readonly #listeners = new Map<string, Set<Subscription>>();

  add(topic: string, subscription: Subscription): void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(subscription));
  }

  remove(topic: string, subscription: Subscription): void {
    const listeners = this.#listeners.get(topic);
    listeners?.delete(subscription);
    if (listeners?.size === 0) this.#listeners.delete(topic);
  }

  /** A session that has closed leaves its topics by itself. */
  forget(session: Session): void {
    for (const [topic, listeners] of this.#listeners) {
      for (const listener of listeners) if (listener.session === session) this.remove(topic, listener);
    }
  }

  listening(topic: string): readonly Subscription[] {
    return [...(this.#listeners.get(topic) ?? [])];
  }
}
