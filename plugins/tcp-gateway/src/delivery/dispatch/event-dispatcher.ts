import type { Peers } from '@sluice/plugin-api';
import { gatewayFail } from '../../failures.js';
import type { Subscription } from '../../server/stomp-handler.js';
import { messageTo, USER_EVENTS, type Content, type Mail, type Target } from '../mailbox/mailbox-event.js';
import type { Mailbox, WaitingRun } from '../mailbox/mailbox.js';
import type { Presence } from '../sessions/presence.js';
import type { Readers } from '../sessions/mailbox-readers.js';
import { giveSpread, spreadOver } from './spread-delivery.js';
import type { Topics } from '../sessions/topic-subscriptions.js';
import {
  decodePeerMessage,
  encodePeerMessage,
  MAX_NOTIFIED_BYTES,
  type Broadcast,
  type MailboxNotification,
} from './peer-messages.js';

export interface EventDispatcherDeps {
  readonly mailbox: Mailbox;
  readonly presence: Presence;
  readonly readers: Readers;
  readonly topics: Topics;
  readonly peers: Peers;
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => { readonly cancel: () => void };
}

/** How an event is kept for those who are not there. */
export interface DeliveryOptions {
  readonly keepForMs: number;
  readonly collapseKey?: string;
  /** Noted before the event can be shown. Only for an event of one user. */
  readonly wait?: Pick<WaitingRun, 'kind' | 'token' | 'until'>;
}

/** What became of an event, as far as this host knows. */
export interface DispatchResult {
  /** Mailboxes into which it was put. */
  readonly kept: number;
  /** Users that are connected now. */
  readonly online: number;
}

/** Throws `GATEWAY_WAIT` unless there is exactly one. */
function onlyOf(users: readonly string[]): string {
  const [user, ...others] = users;
  if (user !== undefined && others.length === 0) return user;
  throw gatewayFail.GATEWAY_WAIT(`a run waits for one user, and ${users.length} are meant`, { sent: 'no' });
}

/** Brings events to sessions, here and on other hosts: from the mailbox, or at most once. */
export class EventDispatcher {
  #hints: MailboxNotification[] = [];
  #casts: Broadcast[] = [];
  #saying = false;
  readonly #leave: () => void;

  constructor(private readonly deps: EventDispatcherDeps) {
    this.#leave = deps.peers.listen('words', (body) => {
      const { hints, casts } = decodePeerMessage(body);
      for (const hint of hints) deps.readers.hint(hint);
      for (const cast of casts) this.#castHere(cast);
    });
  }

  /** Resolves after the commit: the event is shown to its users sooner or later, or expires. */
  async enqueue(
    target: Target,
    content: Content,
    { keepForMs, collapseKey, wait }: DeliveryOptions,
    spreadMs: number,
  ): Promise<DispatchResult> {
    const { mailbox, presence, now } = this.deps;
    const users = await mailbox.resolve(target);
    if (wait) await mailbox.wait({ ...wait, user: onlyOf(users), id: content.id });
    const delays = spreadMs > 0 ? spreadOver(users.length, spreadMs, Math.random) : [];
    const mails = users.map((user, n) => ({
      user,
      content,
      keepForMs,
      sent: presence.isOnline(user),
      ...('workplace' in target && { workplace: target.workplace }),
      ...(collapseKey !== undefined && { collapseKey }),
      ...(spreadMs > 0 && { due: now() + (delays[n] ?? 0) }),
    }));
    for (const mail of await mailbox.put(mails)) this.#hint(mail);
    return { kept: mails.length, online: mails.filter(({ sent }) => sent).length };
  }

  /** To whoever is connected now, at most once. */
  broadcast(cast: Broadcast): DispatchResult {
    const { presence } = this.deps;
    const here = this.#castHere(cast);
    if (presence.hasPeers) {
      this.#casts.push(cast);
      this.#saySoon();
    }
    const { to } = cast;
    return { kept: 0, online: 'user' in to ? Number(presence.isOnline(to.user)) : here };
  }

  close(): void {
    this.#leave();
  }

  #hint(mail: Mail): void {
    this.deps.readers.hint(mail);
    if (!this.deps.presence.hasPeers) return;
    const { content, ...rest } = mail;
    this.#hints.push(content.body.length > MAX_NOTIFIED_BYTES ? rest : mail);
    this.#saySoon();
  }

  #castHere({ to, content, spreadMs }: Broadcast): number {
    const { readers, topics, after } = this.deps;
    const toTopic = 'topic' in to;
    const receivers = toTopic ? topics.listening(to.topic) : readers.matching(to);
    if (receivers.length === 0) return 0;
    const message = messageTo(toTopic ? `/topic/${to.topic}` : USER_EVENTS, content);
    const give = (receiver: Subscription) => void receiver.deliver(message);
    if (spreadMs > 0) giveSpread(receivers, spreadMs, give, after);
    else receivers.forEach(give);
    return receivers.length;
  }

  /** Once for all of this turn. */
  #saySoon(): void {
    if (this.#saying) return;
    this.#saying = true;
    setImmediate(() => {
      this.#saying = false;
      const word = encodePeerMessage({ hints: this.#hints, casts: this.#casts });
      this.#hints = [];
      this.#casts = [];
      this.deps.peers.broadcast('words', word);
    });
  }
}
