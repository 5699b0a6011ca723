import type { Bearer, Recipients } from '@sluice/plugin-api';
import type { MailboxEvent } from '../../../src/delivery/mailbox/mailbox-event.js';
import {
  ID_KEPT_MS,
  MAX_READ_BYTES,
  type DroppedEvent,
  type UnacknowledgedEvents,
  type Mailbox,
  type NewMailboxEvent,
  type MailboxPosition,
  type ReadRequest,
  type ReadResult,
  type MailboxSummary,
  type MailboxTotals,
  type WaitingRun,
} from '../../../src/delivery/mailbox/mailbox.js';

interface StoredMail {
  mail: MailboxEvent;
  readonly madeAt: number;
  readonly expires: number;
  readonly collapseKey: string | undefined;
  rejected: number;
}

interface User {
  highestSeq: number;
  stored: StoredMail[];
  /** Times at which events left the mailbox recently, by id. */
  readonly left: Map<string, number>;
  bearer?: Bearer;
}

const WORKPLACE_KEPT_MS = 30 * 86_400_000;

/** A mailbox in memory that several hosts of a test share. It passes the same suite as the mailbox in PostgreSQL. */
export class MemoryMailbox implements Mailbox {
  readonly #users: Map<string, User>;
  readonly #workplaces: Map<string, { readonly user: string; readonly seenAt: number }>;
  readonly #waiting: Map<string, WaitingRun>;

  /** @param other mailbox whose contents this one shares, with a clock of its own */
  constructor(
    private readonly now: () => number = Date.now,
    other?: MemoryMailbox,
  ) {
    this.#users = other ? other.#users : new Map<string, User>();
    this.#workplaces = other ? other.#workplaces : new Map<string, { user: string; seenAt: number }>();
    this.#waiting = other ? other.#waiting : new Map<string, WaitingRun>();
  }

  async put(events: readonly NewMailboxEvent[]): Promise<readonly MailboxEvent[]> {
    const put = events.flatMap(({ user: name, keepForMs, collapseKey, ...rest }) => {
      const user = this.#user(name);
      const { id } = rest.content;
      if (user.left.has(id) || user.stored.some(({ mail }) => mail.content.id === id)) return [];
      if (collapseKey !== undefined) this.#leave(user, (one) => one.collapseKey === collapseKey);
      const mail: MailboxEvent = { ...rest, user: name, seq: ++user.highestSeq };
      user.stored.push({ mail, madeAt: this.now(), expires: this.now() + keepForMs, collapseKey, rejected: 0 });
      return [mail];
    });
    return put.filter(({ user, content }) => !this.#user(user).left.has(content.id));
  }

  async read({ user: name, after, limit, workplace }: ReadRequest): Promise<ReadResult> {
    const user = this.#users.get(name);
    const fitting = (user?.stored ?? []).filter(
      ({ mail, expires }) =>
        mail.seq > after && expires > this.now() && (mail.workplace === undefined || mail.workplace === workplace),
    );
    let bytes = 0;
    const page = fitting.slice(0, limit).filter(({ mail }) => {
      const isTaken = bytes < MAX_READ_BYTES;
      bytes += mail.content.body.length;
      return isTaken;
    });
    const events = page.map(({ mail }) => mail);
    for (const one of page) if ((one.mail.due ?? 0) <= this.now()) one.mail = { ...one.mail, sent: true };
    return { events, more: page.length < fitting.length || page.length === limit, highestSeq: user?.highestSeq ?? 0 };
  }

  async readAt(places: readonly MailboxPosition[]): Promise<readonly MailboxEvent[]> {
    return places.flatMap((place) => this.#at(place)?.mail ?? []);
  }

  async acknowledge(places: readonly MailboxPosition[]): Promise<void> {
    for (const place of places) {
      const found = this.#at(place);
      this.#leave(this.#user(place.user), (one) => one === found);
    }
  }

  async stillWaiting({ user, seqs }: UnacknowledgedEvents): Promise<ReadonlySet<number>> {
    return new Set(seqs.filter((seq) => this.#at({ user, seq })));
  }

  async reject(places: readonly MailboxPosition[]): Promise<readonly number[]> {
    return places.map((place) => {
      const found = this.#at(place);
      return found ? ++found.rejected : 0;
    });
  }

  async highestSeqs(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return new Map(users.flatMap((name) => (this.#users.has(name) ? [[name, this.#user(name).highestSeq]] : [])));
  }

  async addWaitingRun(waiting: WaitingRun): Promise<void> {
    const key = `${waiting.user} ${waiting.id}`;
    if (!this.#waiting.has(key)) this.#waiting.set(key, waiting);
  }

  async findWaitingRun(user: string, id: string): Promise<WaitingRun | undefined> {
    const found = this.#waiting.get(`${user} ${id}`);
    return found && found.until > this.now() ? found : undefined;
  }

  async removeWaitingRun(user: string, id: string): Promise<void> {
    this.#waiting.delete(`${user} ${id}`);
  }

  async resolve(target: Recipients): Promise<readonly string[]> {
    if ('user' in target) return [target.user];
    if ('workplace' in target) return [this.#workplaces.get(target.workplace)?.user ?? []].flat();
    return [...this.#users].flatMap(([name, { bearer }]) => (bearer && isTarget(target, bearer) ? [name] : []));
  }

  recordLogin(bearer: Bearer, workplace: string | undefined): void {
    this.#user(bearer.user).bearer = bearer;
    if (workplace !== undefined) this.#workplaces.set(workplace, { user: bearer.user, seenAt: this.now() });
  }

  async trim(cap: number): Promise<readonly DroppedEvent[]> {
    return [...this.#users].flatMap(([name, user]) => {
      const waiting = this.#waitingOf(user);
      const oldest = new Set(waiting.slice(0, Math.max(0, waiting.length - cap)));
      this.#leave(user, (one) => oldest.has(one));
      return [...oldest].map(({ mail }) => ({ user: name, id: mail.content.id }));
    });
  }

  async summaries(users: readonly string[]): Promise<readonly MailboxSummary[]> {
    return [...users].sort().flatMap((name) => {
      const user = this.#users.get(name);
      if (!user) return [];
      const { extension, groups = [] } = user.bearer ?? {};
      const waiting = this.#waitingOf(user);
      const box = { waiting: waiting.length, ...oldestOf(waiting) };
      return { user: name, ...(extension !== undefined && { extension }), groups, ...box };
    });
  }

  async totals(): Promise<MailboxTotals> {
    const boxes = [...this.#users.values()].map((user) => this.#waitingOf(user)).filter(({ length }) => length > 0);
    return { events: boxes.flat().length, users: boxes.length, ...oldestOf(boxes.flat()) };
  }

  async sweep(): Promise<number> {
    let count = 0;
    for (const [name, { seenAt }] of this.#workplaces) if (seenAt < this.now() - WORKPLACE_KEPT_MS) this.#workplaces.delete(name);
    for (const user of this.#users.values()) {
      for (const [id, at] of user.left) if (at < this.now() - ID_KEPT_MS) user.left.delete(id);
      count += this.#leave(user, ({ expires }) => expires <= this.now());
    }
    return count;
  }

  #leave(user: User, matches: (one: StoredMail) => boolean): number {
    const leaving = user.stored.filter(matches);
    for (const { mail } of leaving) user.left.set(mail.content.id, this.now());
    user.stored = user.stored.filter((one) => !leaving.includes(one));
    return leaving.length;
  }

  #user(name: string): User {
    const user = this.#users.get(name) ?? { highestSeq: 0, stored: [], left: new Map() };
    this.#users.set(name, user);
    return user;
  }

  #waitingOf({ stored }: User): readonly StoredMail[] {
    return stored.filter(({ expires }) => expires > this.now());
  }

  #at({ user, seq }: MailboxPosition): StoredMail | undefined {
    return this.#users.get(user)?.stored.find(({ mail, expires }) => mail.seq === seq && expires > this.now());
  }
}

function oldestOf(stored: readonly StoredMail[]): { oldest?: number } {
  return stored.length > 0 ? { oldest: Math.min(...stored.map(({ madeAt }) => madeAt)) } : {};
}

function isTarget(target: Recipients, { extension, groups }: Bearer): boolean {
  if ('extension' in target) return extension === target.extension;
  return 'group' in target ? groups.includes(target.group) : 'all' in target;
}
