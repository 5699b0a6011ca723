import type { Session, Subscription } from '../../server/stomp-handler.js';

interface Entry {
  readonly name: string;
  readonly subscription: Subscription;
}

/** The subscriptions of this host by name: the name of a topic, or of a destination of a plugin. */
export class SubscriptionTable {
  readonly #subscribers = new Map<string, Set<Subscription>>();
  /** Names by session, so that the end of thousands of sessions does not search through all subscriptions for each of them. */
  readonly #ofSession = new Map<Session, readonly Entry[]>();

  add(name: string, subscription: Subscription): void {
    const subscribers = this.#subscribers.get(name) ?? new Set();
    this.#subscribers.set(name, subscribers.add(subscription));
    const { session } = subscription;
    this.#ofSession.set(session, this.#entriesOf(session).concat({ name, subscription }));
  }

  remove(name: string, subscription: Subscription): void {
    const subscribers = this.#subscribers.get(name);
    subscribers?.delete(subscription);
    if (subscribers?.size === 0) this.#subscribers.delete(name);
    const { session } = subscription;
    const left = this.#entriesOf(session).filter((entry) => entry.subscription !== subscription);
    if (left.length > 0) this.#ofSession.set(session, left);
    else this.#ofSession.delete(session);
  }

  /** Removes all subscriptions of a session that has closed. */
  removeSession(session: Session): void {
    for (const { name, subscription } of this.#entriesOf(session)) this.remove(name, subscription);
  }

  #entriesOf(session: Session): readonly Entry[] {
    return this.#ofSession.get(session) ?? [];
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
