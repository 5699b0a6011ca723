import type { Recipients } from '@sluice/plugin-api';
import type { Session, Subscription } from '../../server/stomp-handler.js';
import type { MailboxNotification } from '../dispatch/peer-messages.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import { MailboxReader, type MailboxReaderDeps } from './mailbox-reader.js';

/** The readers of all subscriptions of this host to the events of their users. */
export class MailboxReaders {
  /**
   * Arrays, which are replaced and never changed: with one reader an array takes 56 bytes, a set 152. `concat`, because a spread and `push` reserve
   * room for more and take 184.
   */
  readonly #byUser = new Map<string, readonly MailboxReader[]>();
  /** One reader for each subscription of a session. */
  readonly #bySession = new Map<Session, readonly MailboxReader[]>();
  readonly #watchers = new Map<string, Set<() => void>>();

  constructor(
    private readonly deps: MailboxReaderDeps & {
      readonly mailbox: Pick<Mailbox, 'read' | 'readAt' | 'stillWaiting' | 'highestSeqs'>;
    },
  ) {}

  /**
   * Starts a reader. It is registered before it reads the mailbox: events that are committed before the read are in its result, and later
   * ones notify the registered reader.
   */
  async add(subscription: Subscription): Promise<void> {
    const reader = new MailboxReader(subscription, this.deps);
    this.#byUser.set(reader.user, (this.#byUser.get(reader.user) ?? []).concat(reader));
    this.#bySession.set(subscription.session, this.of(subscription.session).concat(reader));
    await reader.catchUp();
  }

  of(session: Session): readonly MailboxReader[] {
    return this.#bySession.get(session) ?? [];
  }

  at(subscription: Subscription): MailboxReader | undefined {
    return this.of(subscription.session).find((reader) => reader.subscription === subscription);
  }

  /** Closes the reader of one subscription. */
  remove(subscription: Subscription): void {
    const { session } = subscription;
    for (const reader of this.of(session)) if (reader.subscription === subscription) this.#close(reader);
    const left = this.of(session).filter((reader) => reader.subscription !== subscription);
    if (left.length > 0) this.#bySession.set(session, left);
    else this.#bySession.delete(session);
  }

  /** Closes all readers of a session that has closed. */
  removeSession(session: Session): void {
    for (const reader of this.of(session)) this.#close(reader);
    this.#bySession.delete(session);
  }

  #close(reader: MailboxReader): void {
    reader.close();
    const left = (this.#byUser.get(reader.user) ?? []).filter((other) => other !== reader);
    if (left.length > 0) this.#byUser.set(reader.user, left);
    else this.#byUser.delete(reader.user);
  }

  /** Notifies the readers and watchers of a user that the mailbox has a new event. */
  notify(notification: MailboxNotification): void {
    for (const reader of this.#byUser.get(notification.user) ?? []) reader.notify(notification);
    for (const wake of this.#watchers.get(notification.user) ?? []) wake();
  }

  /** Calls `wake` whenever the mailbox of the user has a new event. Returns the function that stops watching. */
  watch(user: string, wake: () => void): () => void {
    const watchers = this.#watchers.get(user) ?? new Set();
    this.#watchers.set(user, watchers.add(wake));
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0 && this.#watchers.get(user) === watchers) this.#watchers.delete(user);
    };
  }

  /** Returns the subscriptions of sessions that any of the recipients means, each once. */
  matching(recipients: readonly Recipients[]): readonly Subscription[] {
    const [only] = recipients;
    // the most frequent case needs none of the sets below
    if (only && recipients.length === 1 && 'user' in only) return this.#subscriptionsOf(only.user);
    const names = {
      user: new Set<string>(),
      extension: new Set<string>(),
      group: new Set<string>(),
      workplace: new Set<string>(),
    };
    let all = false;
    for (const one of recipients) {
      if ('user' in one) names.user.add(one.user);
      else if ('extension' in one) names.extension.add(one.extension);
      else if ('group' in one) names.group.add(one.group);
      else if ('workplace' in one) names.workplace.add(one.workplace);
      else all = true;
    }
    const isMeant = ({ bearer: { user, extension, groups }, workplace }: Session) =>
      all ||
      names.user.has(user) ||
      (extension !== undefined && names.extension.has(extension)) ||
      groups.some((group) => names.group.has(group)) ||
      (workplace !== undefined && names.workplace.has(workplace));
    const onlyUsers = !all && names.extension.size + names.group.size + names.workplace.size === 0;
    if (onlyUsers) return [...names.user].flatMap((user) => this.#subscriptionsOf(user));
    return [...this.#bySession.values()]
      .flat()
      .filter(({ subscription }) => isMeant(subscription.session))
      .map(({ subscription }) => subscription);
  }

  #subscriptionsOf(user: string): readonly Subscription[] {
    return (this.#byUser.get(user) ?? []).map(({ subscription }) => subscription);
  }

  /**
   * Finds events whose notification was lost, by comparing the highest position of each mailbox with the position up to which its reader has
   * sent. Readers that are behind try to continue.
   */
  async compare(): Promise<void> {
    const readers = [...this.#bySession.values()].flat();
    for (const reader of readers) if (reader.idleAt === undefined) void reader.catchUp();
    const idle = readers.filter(({ idleAt }) => idleAt !== undefined);
    if (idle.length === 0) return;
    const highest = await this.deps.mailbox.highestSeqs([...new Set(idle.map(({ user }) => user))]);
    for (const reader of idle) {
      if ((reader.idleAt ?? Number.POSITIVE_INFINITY) < (highest.get(reader.user) ?? 0)) void reader.catchUp();
    }
  }
}
