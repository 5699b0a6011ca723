import type { Session, Subscription } from '../../server/stomp-handler.js';

/** The subscriptions of this host by name: the name of a topic, or of a destination of a plugin. */
export class SubscriptionTable {
  readonly #subscribers = new Map<string, Set<Subscription>>();
  /** Names by session, so that the end of thousands of sessions does not search through all subscriptions for each of them. */
  readonly #ofSession = new Map<Session, Map<Subscription, string>>();

  add(name: string, subscription: Subscription): void {
    const subscribers = this.#subscribers.get(name) ?? new Set();
    this.#subscribers.set(name, subscribers.add(subscription));
    const own = this.#ofSession.get(subscription.session) ?? new Map<Subscription, string>();
    this.#ofSession.set(subscription.session, own.set(subscription, name));
  }

  remove(name: string, subscription: Subscription): void {
    const subscribers = this.#subscribers.get(name);
    subscribers?.delete(subscription);
    if (subscribers?.size === 0) this.#subscribers.delete(name);
    const own = this.#ofSession.get(subscription.session);
    own?.delete(subscription);
    if (own?.size === 0) this.#ofSession.delete(subscription.session);
  }

  /** Removes all subscriptions of a session that has closed. */
  removeSession(session: Session): void {
    for (const [subscription, name] of this.#ofSession.get(session) ?? []) this.remove(name, subscription);
  }

  has(name: string, subscription: Subscription): boolean {
    return this.#subscribers.get(name)?.has(subscription) ?? false;
  }

  subscribersOf(name: string): readonly Subscription[] {
    return [...(this.#subscribers.get(name) ?? [])];
  }

  /** Returns all names that have a subscriber. */
  names(): readonly string[] {
    return [...this.#subscribers.keys()];
  }
}
