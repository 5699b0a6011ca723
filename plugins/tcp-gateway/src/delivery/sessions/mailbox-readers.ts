import type { Session, Subscription } from '../../server/stomp-handler.js';
import type { Target } from '../mailbox/mailbox-event.js';
import { Reader, type ReaderDeps } from './mailbox-reader.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import type { MailboxNotification } from '../dispatch/peer-messages.js';

/** The sessions of this host that want their user's mail. */
export class Readers {
  readonly #byUser = new Map<string, Set<Reader>>();
  /** One reader for each subscription of a session to its user's events. */
  readonly #bySession = new Map<Session, Reader[]>();
  readonly #watchers = new Map<string, Set<() => void>>();

  constructor(
    private readonly deps: ReaderDeps & { readonly mailbox: Pick<Mailbox, 'read' | 'again' | 'stillWaiting' | 'heights'> },
  ) {}

  /** Registered first, read afterwards: what commits before the reading is in it, what commits after it hints a registered session. */
  async add(subscription: Subscription): Promise<void> {
    const reader = new Reader(subscription, this.deps);
    const readers = this.#byUser.get(reader.user) ?? new Set();
    this.#byUser.set(reader.user, readers.add(reader));
    this.#bySession.set(subscription.session, [...this.of(subscription.session), reader]);
    await reader.catchUp();
  }

  of(session: Session): readonly Reader[] {
    return this.#bySession.get(session) ?? [];
  }

  at(subscription: Subscription): Reader | undefined {
    return this.of(subscription.session).find((reader) => reader.subscription === subscription);
  }

  /** Ends the reader of one subscription. */
  remove(subscription: Subscription): void {
    const { session } = subscription;
    for (const reader of this.of(session)) if (reader.subscription === subscription) this.#close(reader);
    const left = this.of(session).filter((reader) => reader.subscription !== subscription);
    if (left.length > 0) this.#bySession.set(session, left);
    else this.#bySession.delete(session);
  }

  /** Ends all readers of a session that has closed. */
  forget(session: Session): void {
    for (const reader of this.of(session)) this.#close(reader);
    this.#bySession.delete(session);
  }

  #close(reader: Reader): void {
    reader.close();
    const readers = this.#byUser.get(reader.user);
    readers?.delete(reader);
    if (readers?.size === 0) this.#byUser.delete(reader.user);
  }

  hint(hint: MailboxNotification): void {
    for (const reader of this.#byUser.get(hint.user) ?? []) reader.hinted(hint);
    for (const wake of this.#watchers.get(hint.user) ?? []) wake();
  }

  /** Calls `wake` when something has come for the user; gives the function that ends it. */
  watch(user: string, wake: () => void): () => void {
    const watchers = this.#watchers.get(user) ?? new Set();
    this.#watchers.set(user, watchers.add(wake));
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0 && this.#watchers.get(user) === watchers) this.#watchers.delete(user);
    };
  }

  /** Those that the target means. */
  matching(target: Target): readonly Subscription[] {
    if ('user' in target) return [...(this.#byUser.get(target.user) ?? [])].map(({ subscription }) => subscription);
    return [...this.#bySession.values()]
      .flat()
      .map(({ subscription }) => subscription)
      .filter(({ session }) => isMeant(target, session));
  }

  /** A hint may have been lost: looks for users of whom the mailbox has more than was sent. Readers that are behind try to go on. */
  async compare(): Promise<void> {
    const readers = [...this.#bySession.values()].flat();
    for (const reader of readers) if (reader.idleAt === undefined) void reader.catchUp();
    const idle = readers.filter(({ idleAt }) => idleAt !== undefined);
    if (idle.length === 0) return;
    const heights = await this.deps.mailbox.heights([...new Set(idle.map(({ user }) => user))]);
    for (const reader of idle) {
      if ((reader.idleAt ?? Number.POSITIVE_INFINITY) < (heights.get(reader.user) ?? 0)) void reader.catchUp();
    }
  }
}

function isMeant(target: Target, { bearer, workplace }: Session): boolean {
  if ('extension' in target) return bearer.extension === target.extension;
  if ('group' in target) return bearer.groups.includes(target.group);
  if ('workplace' in target) return workplace === target.workplace;
  return 'all' in target;
}
