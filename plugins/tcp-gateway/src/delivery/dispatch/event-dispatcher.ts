import type { Peers, Recipients } from '@sluice/plugin-api';
import { gatewayFail } from '../../failures.js';
import type { EventContent, MailboxEvent } from '../mailbox/mailbox-event.js';
import type { Mailbox, WaitingRun } from '../mailbox/mailbox.js';
import type { MailboxReaders } from '../sessions/mailbox-readers.js';
import type { PluginDestinations } from '../sessions/plugin-destinations.js';
import type { Presence } from '../sessions/presence.js';
import type { SubscriptionTable } from '../sessions/subscription-table.js';
import { eventMessage, USER_EVENTS } from './event-message.js';
import {
  decodePeerMessage,
  encodePeerMessage,
  MAX_NOTIFIED_BYTES,
  type Broadcast,
  type MailboxNotification,
} from './peer-messages.js';
import { deliverWithDelays, spreadDelays } from './delivery-delays.js';

/** Name of the messages between hosts. Hosts of two releases may run at the same time: do not change it. */
const PEER_TOPIC = 'words';

export interface EventDispatcherDeps {
  readonly mailbox: Mailbox;
  readonly presence: Presence;
  readonly readers: MailboxReaders;
  readonly topics: SubscriptionTable;
  readonly destinations: Pick<PluginDestinations, 'subscribersOf'>;
  readonly peers: Peers;
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => { readonly cancel: () => void };
}

/** How an event is kept in mailboxes. */
export interface DeliveryOptions {
  readonly keepForMs: number;
  readonly collapseKey?: string;
  /** The run that waits. It is stored before the event can be sent. Only for an event of one user. */
  readonly wait?: Pick<WaitingRun, 'kind' | 'token' | 'until'>;
  /** Milliseconds within which the receivers receive the event one after another. */
  readonly spreadMs: number;
}

/** The result of a dispatch, as far as this host knows it. */
export interface DispatchResult {
  /** Number of mailboxes that were addressed. */
  readonly kept: number;
  /** Number of users that are connected now. */
  readonly online: number;
}

/** Dispatches events to sessions of this host and of the others: through mailboxes, or at most once. */
export class EventDispatcher {
  #notifications: MailboxNotification[] = [];
  #broadcasts: Broadcast[] = [];
  #isSendScheduled = false;
  readonly #stopListening: () => void;

  constructor(private readonly deps: EventDispatcherDeps) {
    this.#stopListening = deps.peers.listen(PEER_TOPIC, (body) => {
      const { notifications, broadcasts } = decodePeerMessage(body);
      for (const notification of notifications) deps.readers.notify(notification);
      for (const broadcast of broadcasts) this.#broadcastHere(broadcast);
    });
  }

  /**
   * Puts an event into mailboxes and resolves after the commit. After that each user receives the event, unless it expires or is dropped
   * from a full mailbox first.
   *
   * @throws `GATEWAY_WAIT` when a run waits for the event and the recipients are not one user.
   */
  async enqueue(
    to: readonly Recipients[],
    content: EventContent,
    { keepForMs, collapseKey, wait, spreadMs }: DeliveryOptions,
  ): Promise<DispatchResult> {
    const { mailbox, presence, now } = this.deps;
    const workplaces = await this.#resolve(to);
    const users = [...workplaces.keys()];
    if (wait) await mailbox.addWaitingRun({ ...wait, user: onlyOf(users), id: content.id });
    const delays = spreadMs > 0 ? spreadDelays(users.length, spreadMs, Math.random) : [];
    const events = users.map((user, n) => {
      const workplace = workplaces.get(user);
      return {
        user,
        content,
        keepForMs,
        sent: presence.isOnline(user),
        ...(workplace !== undefined && { workplace }),
        ...(collapseKey !== undefined && { collapseKey }),
        ...(spreadMs > 0 && { due: now() + (delays[n] ?? 0) }),
      };
    });
    for (const event of await mailbox.put(events)) this.#notify(event);
    return { kept: events.length, online: events.filter(({ sent }) => sent).length };
  }

  /** Sends an event to receivers that are connected now, at most once. */
  broadcast(broadcast: Broadcast): void {
    this.#broadcastHere(broadcast);
    if (!this.deps.presence.hasPeers) return;
    this.#broadcasts.push(broadcast);
    this.#sendSoon();
  }

  /** Sends an event to the connected sessions of users, at most once, and once to a session that several recipients mean. */
  broadcastToUsers(recipients: readonly Recipients[], content: EventContent, spreadMs: number): DispatchResult {
    const { presence, readers } = this.deps;
    const [first, ...others] = recipients;
    this.broadcast({ to: first && others.length === 0 ? first : recipients, content, spreadMs });
    const here = readers.matching(recipients).map(({ session }) => session.bearer.user);
    const named = recipients.flatMap((one) => ('user' in one && presence.isOnline(one.user) ? [one.user] : []));
    return { kept: 0, online: new Set([...here, ...named]).size };
  }

  close(): void {
    this.#stopListening();
  }

  /** Returns each user once, with the workplace of the event, if any. For a user of several recipients the first one decides. */
  async #resolve(to: readonly Recipients[]): Promise<ReadonlyMap<string, string | undefined>> {
    const workplaces = new Map<string, string | undefined>();
    for (const recipients of to) {
      const workplace = 'workplace' in recipients ? recipients.workplace : undefined;
      for (const user of await this.deps.mailbox.resolve(recipients)) if (!workplaces.has(user)) workplaces.set(user, workplace);
    }
    return workplaces;
  }

  /** Notifies the readers of this host and of the others that a mailbox has a new event. */
  #notify(event: MailboxEvent): void {
    this.deps.readers.notify(event);
    if (!this.deps.presence.hasPeers) return;
    const { content, ...rest } = event;
    this.#notifications.push(content.body.length > MAX_NOTIFIED_BYTES ? rest : event);
    this.#sendSoon();
  }

  #broadcastHere({ to, content, spreadMs }: Broadcast): void {
    const { readers, topics, destinations, after } = this.deps;
    const [destination, receivers] =
      'topic' in to
        ? [`/topic/${to.topic}`, topics.subscribersOf(to.topic)]
        : 'destination' in to
          ? [to.destination, destinations.subscribersOf(to.destination)]
          : [USER_EVENTS, readers.matching('length' in to ? to : [to])];
    if (receivers.length === 0) return;
    const message = eventMessage(destination, content);
    if (spreadMs > 0) deliverWithDelays(receivers, spreadMs, (receiver) => void receiver.deliver(message), after);
    else for (const receiver of receivers) receiver.deliver(message);
  }

  /** Sends the notifications and broadcasts of this turn of the event loop to the other hosts, in one message. */
  #sendSoon(): void {
    if (this.#isSendScheduled) return;
    this.#isSendScheduled = true;
    // eslint-disable-next-line no-restricted-globals -- the end of a turn of the event loop, not a time
    setImmediate(() => {
      this.#isSendScheduled = false;
      const message = encodePeerMessage({ notifications: this.#notifications, broadcasts: this.#broadcasts });
      this.#notifications = [];
      this.#broadcasts = [];
      this.deps.peers.broadcast(PEER_TOPIC, message);
    });
  }
}

/** Returns the only user. Throws `GATEWAY_WAIT` unless there is exactly one. */
function onlyOf(users: readonly string[]): string {
  const [user, ...others] = users;
  if (user !== undefined && others.length === 0) return user;
  throw gatewayFail.GATEWAY_WAIT(`a run waits for one user, and the event is for ${users.length} users`, { sent: 'no' });
}
