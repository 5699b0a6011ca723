import type { Session, Subscription } from '../../server/stomp-handler.js';

/** Who listens to which topic on this host. */
export class Topics {
  readonly #listeners = new Map<string, Set<Subscription>>();
  /** By topic: when thousands of sessions end at once, none may look through all the others. */
  readonly #ofSession = new Map<Session, Map<Subscription, string>>();

  add(topic: string, subscription: Subscription): void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(subscription));
    const own = this.#ofSession.get(subscription.session) ?? new Map<Subscription, string>();
    this.#ofSession.set(subscription.session, own.set(subscription, topic));
  }

  remove(topic: string, subscription: Subscription): void {
    const listeners = this.#listeners.get(topic);
    listeners?.delete(subscription);
    if (listeners?.size === 0) this.#listeners.delete(topic);
    const own = this.#ofSession.get(subscription.session);
    own?.delete(subscription);
    if (own?.size === 0) this.#ofSession.delete(subscription.session);
  }

  /** A session that has closed leaves its topics by itself. */
  forget(session: Session): void {
    for (const [subscription, topic] of this.#ofSession.get(session) ?? []) this.remove(topic, subscription);
  }

  listening(topic: string): readonly Subscription[] {
    return [...(this.#listeners.get(topic) ?? [])];
  }
}
