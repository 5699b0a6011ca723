import type { Peers, PresenceChange } from '@sluice/plugin-api';
import type { Session } from '../../server/stomp-handler.js';

/** A host that has sent no message for this time is considered lost, together with its sessions. */
export const SILENCE_MS = 30_000;
export const SNAPSHOT_INTERVAL_MS = 10_000;

/** The data about a session that hosts exchange. */
export interface SessionView {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly workplace?: string;
}

/** A session as a host reports it to the others; `id` is unique on that host. */
interface SessionRecord extends SessionView {
  readonly id: string;
  readonly user: string;
}

/** Sessions by user and id. */
type Users = Map<string, Map<string, SessionView>>;

interface RemoteHost {
  heardAt: number;
  readonly users: Users;
}

/**
 * `hello`: a host requests the sessions of the others. `snapshot`: all sessions of a host. `came`, `left`: a session begins or ends. `bye`: a host stops.
 * Hosts of two releases may run at the same time: do not change the names.
 */
type PresenceMessage =
  | { readonly kind: 'hello' }
  | { readonly kind: 'bye' }
  | { readonly kind: 'snapshot'; readonly sessions: readonly SessionRecord[] }
  | { readonly kind: 'came'; readonly session: SessionRecord }
  | { readonly kind: 'left'; readonly session: Pick<SessionRecord, 'id' | 'user'> };

export interface PresenceOptions {
  readonly peers: Peers;
  /** Whether clients connect to this host. A host that only sends listens to the others and reports no sessions. */
  readonly serves: boolean;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  /** Called when a host is lost without `bye`, with its users that have no session on another host. */
  readonly onHostLost: (users: readonly string[], host: string) => void;
}

/**
 * The connected users of all hosts. Hosts report each change to each other, and all their sessions every {@link SNAPSHOT_INTERVAL_MS}.
 * Reports may be lost, so guaranteed delivery does not depend on presence.
 */
export class Presence {
  /** Arrays made by `concat`, which are replaced and never changed: with one session an array takes 56 bytes, a set 152. */
  readonly #local = new Map<string, readonly Session[]>();
  readonly #hosts = new Map<string, RemoteHost>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();
  readonly #stopListening: () => void;

  constructor(private readonly options: PresenceOptions) {
    this.#stopListening = options.peers.listen('presence', (body, from) =>
      this.#onMessage(from, JSON.parse(body.toString()) as PresenceMessage),
    );
    this.#send({ kind: 'hello' });
    this.announceAll();
  }

  /** Number of sessions on this host. */
  get sessions(): number {
    let count = 0;
    for (const sessions of this.#local.values()) count += sessions.length;
    return count;
  }

  /** Number of users with a session on this host. */
  get users(): number {
    return this.#local.size;
  }

  /** Whether another gateway host is known. */
  get hasPeers(): boolean {
    return this.#hosts.size > 0;
  }

  isOnline(user: string): boolean {
    return this.count(user) > 0;
  }

  /** Returns the number of sessions of the user on all hosts. */
  count(user: string): number {
    let count = this.#local.get(user)?.length ?? 0;
    for (const { users } of this.#hosts.values()) count += users.get(user)?.size ?? 0;
    return count;
  }

  /** Returns the users with a session on any host, sorted. */
  online(): readonly string[] {
    const users = new Set(this.#local.keys());
    for (const host of this.#hosts.values()) for (const user of host.users.keys()) users.add(user);
    return [...users].sort();
  }

  /** Returns the sessions of the user on all hosts, oldest first. */
  sessionsOf(user: string): readonly (SessionView & { readonly host: string })[] {
    const here = this.options.peers.id;
    const all = (this.#local.get(user) ?? []).map((session) => ({ host: here, ...viewOf(session) }));
    for (const [host, { users }] of this.#hosts) for (const view of users.get(user)?.values() ?? []) all.push({ host, ...view });
    return all.sort((a, b) => a.since - b.since);
  }

  /** Returns the users with a session at this workplace on any host, sorted. */
  usersAt(workplace: string): readonly string[] {
    return this.online().filter((user) => this.sessionsOf(user).some((session) => session.workplace === workplace));
  }

  /** Calls `listener` for each session that begins or ends, once this host knows it. Returns the function that stops the calls. */
  onChange(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Adds a session of this host. Returns the number of sessions of its user on all hosts. */
  add(session: Session): number {
    const { user } = session.bearer;
    this.#local.set(user, (this.#local.get(user) ?? []).concat(session));
    this.#announceChange({ kind: 'came', session: recordOf(session) });
    this.#report('connected', user, session.workplace);
    return this.count(user);
  }

  /** Removes a session of this host. Returns the number of sessions of its user that are left on all hosts. */
  remove(session: Session): number {
    const { id, bearer } = session;
    const { user } = bearer;
    const left = (this.#local.get(user) ?? []).filter((other) => other !== session);
    if (left.length > 0) this.#local.set(user, left);
    else this.#local.delete(user);
    this.#announceChange({ kind: 'left', session: { id, user } });
    this.#report('disconnected', user, session.workplace);
    return this.count(user);
  }

  /** Reports all sessions of this host. Call it every {@link SNAPSHOT_INTERVAL_MS}, because earlier reports may be lost. */
  announceAll(): void {
    if (!this.options.serves) return;
    const sessions = [...this.#local.values()].flatMap((ofUser) => ofUser.map(recordOf));
    this.#send({ kind: 'snapshot', sessions });
  }

  /** Removes hosts that were silent for {@link SILENCE_MS}. Call it every second. */
  removeSilentHosts(): void {
    const now = this.options.monotonic();
    for (const [host, { heardAt, users }] of this.#hosts) {
      if (now - heardAt < SILENCE_MS) continue;
      const names = [...users.keys()];
      this.#removeHost(host);
      this.options.onHostLost(
        names.filter((user) => !this.isOnline(user)),
        host,
      );
    }
  }

  close(): void {
    this.#stopListening();
    this.#send({ kind: 'bye' });
  }

  #announceChange(change: PresenceMessage): void {
    // a single host sends no messages through the broker
    if (this.hasPeers) this.#send(change);
  }

  #onMessage(from: string, message: PresenceMessage): void {
    if (message.kind === 'bye') return this.#removeHost(from);
    if (message.kind === 'hello') return this.announceAll();
    const known = this.#hosts.get(from);
    const host: RemoteHost = known ?? { heardAt: 0, users: new Map() };
    host.heardAt = this.options.monotonic();
    this.#hosts.set(from, host);
    if (message.kind === 'snapshot') this.#replace(host.users, message.sessions);
    else if (message.kind === 'came') this.#addRemote(host.users, message.session);
    else this.#removeRemote(host.users, message.session);
    // the new host may not know the sessions of this one
    if (!known) this.announceAll();
  }

  #removeHost(host: string): void {
    const users = this.#hosts.get(host)?.users ?? new Map<string, Map<string, SessionView>>();
    this.#replace(users, []);
    this.#hosts.delete(host);
  }

  /** Replaces the sessions of a remote host. */
  #replace(users: Users, sessions: readonly SessionRecord[]): void {
    const kept = new Set(sessions.map(({ user, id }) => `${id} ${user}`));
    for (const [user, own] of [...users])
      for (const id of [...own.keys()]) if (!kept.has(`${id} ${user}`)) this.#removeRemote(users, { id, user });
    for (const session of sessions) this.#addRemote(users, session);
  }

  #addRemote(users: Users, { id, user, since, workplace }: SessionRecord): void {
    const sessions = users.get(user) ?? new Map<string, SessionView>();
    const isNew = !sessions.has(id);
    users.set(user, sessions.set(id, { since, ...(workplace !== undefined && { workplace }) }));
    if (isNew) this.#report('connected', user, workplace);
  }

  #removeRemote(users: Users, { id, user }: Pick<SessionRecord, 'id' | 'user'>): void {
    const sessions = users.get(user);
    const removed = sessions?.get(id);
    if (!sessions || !removed) return;
    sessions.delete(id);
    if (sessions.size === 0) users.delete(user);
    this.#report('disconnected', user, removed.workplace);
  }

  #report(kind: PresenceChange['kind'], user: string, workplace: string | undefined): void {
    if (this.#listeners.size === 0) return;
    const change = { kind, user, sessions: this.count(user), ...(workplace !== undefined && { workplace }) };
    for (const listener of [...this.#listeners]) listener(change);
  }

  #send(message: PresenceMessage): void {
    this.options.peers.broadcast('presence', Buffer.from(JSON.stringify(message)));
  }
}

function viewOf({ connectedAt, workplace }: Session): SessionView {
  return { since: connectedAt, ...(workplace !== undefined && { workplace }) };
}

function recordOf(session: Session): SessionRecord {
  return { id: session.id, user: session.bearer.user, ...viewOf(session) };
}
