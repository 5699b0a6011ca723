import type { Peers } from '@sluice/plugin-api';
import type { Session } from '../../server/stomp-handler.js';

/** A host that was silent for so long is gone, and its users with it. */
export const SILENCE_MS = 30_000;
export const SNAPSHOT_MS = 10_000;

/** What hosts know of each other's sessions. */
export interface SessionView {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly workplace?: string;
}

/** A session as a host tells the others of it; `id` is its own on that host. */
interface SessionRecord extends SessionView {
  readonly id: string;
  readonly user: string;
}

/** Sessions by user and id. */
type Users = Map<string, Map<string, SessionView>>;

interface RemoteHost {
  heardAt: number;
  users: Users;
}

/** `hello`: a host wants to know the others. `snapshot`: all sessions of a host. `came`, `left`: one of them. `bye`: a host ends in good order. */
type PresenceMessage =
  | { readonly kind: 'hello' }
  | { readonly kind: 'bye' }
  | { readonly kind: 'snapshot'; readonly sessions: readonly SessionRecord[] }
  | { readonly kind: 'came'; readonly session: SessionRecord }
  | { readonly kind: 'left'; readonly session: Pick<SessionRecord, 'id' | 'user'> };

export interface PresenceOptions {
  readonly peers: Peers;
  /** Do clients connect to this host? One that only sends listens and says nothing of itself. */
  readonly serves: boolean;
  readonly now: () => number;
  /** A host is gone without a word; these users were there and are nowhere now. */
  readonly freed: (users: readonly string[], host: string) => void;
}

/**
 * Who is connected where. It is soft state: hosts tell each other of changes at once and of everything now and then, and nothing that must
 * not be lost depends on it.
 */
export class Presence {
  readonly #local = new Map<string, Set<Session>>();
  readonly #hosts = new Map<string, RemoteHost>();
  readonly #leave: () => void;

  constructor(private readonly options: PresenceOptions) {
    this.#leave = options.peers.listen('presence', (body, from) =>
      this.#onMessage(from, JSON.parse(body.toString()) as PresenceMessage),
    );
    this.#send({ kind: 'hello' });
    this.announceAll();
  }

  /** Sessions of this host. */
  get sessions(): number {
    let count = 0;
    for (const sessions of this.#local.values()) count += sessions.size;
    return count;
  }

  /** Users with a session on this host. */
  get users(): number {
    return this.#local.size;
  }

  /** Is there another gateway host? */
  get hasPeers(): boolean {
    return this.#hosts.size > 0;
  }

  isOnline(user: string): boolean {
    return this.count(user) > 0;
  }

  /** Sessions of the user on all hosts. */
  count(user: string): number {
    let count = this.#local.get(user)?.size ?? 0;
    for (const { users } of this.#hosts.values()) count += users.get(user)?.size ?? 0;
    return count;
  }

  /** Sessions of this host. */
  local(user: string): ReadonlySet<Session> {
    return this.#local.get(user) ?? NOBODY;
  }

  *all(): Iterable<Session> {
    for (const sessions of this.#local.values()) yield* sessions;
  }

  /** Users with a session on any host, in order. */
  online(): readonly string[] {
    const users = new Set(this.#local.keys());
    for (const host of this.#hosts.values()) for (const user of host.users.keys()) users.add(user);
    return [...users].sort();
  }

  /** Sessions of the user on all hosts, the oldest first. */
  sessionsOf(user: string): readonly (SessionView & { readonly host: string })[] {
    const here = this.options.peers.id;
    const all = [...this.local(user)].map((session) => ({ host: here, ...viewOf(session) }));
    for (const [host, { users }] of this.#hosts) for (const view of users.get(user)?.values() ?? []) all.push({ host, ...view });
    return all.sort((a, b) => a.since - b.since);
  }

  /** Gives how many sessions the user has now, over all hosts. */
  enter(session: Session): number {
    const { user } = session.bearer;
    const sessions = this.#local.get(user) ?? new Set();
    this.#local.set(user, sessions.add(session));
    this.#announceChange({ kind: 'came', session: recordsOf(session) });
    return this.count(user);
  }

  leave(session: Session): number {
    const { id, bearer } = session;
    const { user } = bearer;
    const sessions = this.#local.get(user);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#local.delete(user);
    this.#announceChange({ kind: 'left', session: { id, user } });
    return this.count(user);
  }

  /** To be called every {@link SNAPSHOT_MS}: what was lost on the way is made up for. */
  announceAll(): void {
    if (!this.options.serves) return;
    this.#send({ kind: 'snapshot', sessions: [...this.all()].map(recordsOf) });
  }

  /** To be called every second: forgets hosts that are silent. */
  freeSilent(): void {
    const now = this.options.now();
    for (const [host, { heardAt, users }] of this.#hosts) {
      if (now - heardAt < SILENCE_MS) continue;
      this.#hosts.delete(host);
      this.options.freed(
        [...users.keys()].filter((user) => !this.isOnline(user)),
        host,
      );
    }
  }

  close(): void {
    this.#leave();
    this.#send({ kind: 'bye' });
  }

  #announceChange(change: PresenceMessage): void {
    // a host that is alone uses no broker
    if (this.hasPeers) this.#send(change);
  }

  #onMessage(from: string, said: PresenceMessage): void {
    if (said.kind === 'bye') return void this.#hosts.delete(from);
    if (said.kind === 'hello') return this.announceAll();
    const known = this.#hosts.has(from);
    const host: RemoteHost = this.#hosts.get(from) ?? { heardAt: 0, users: usersOf([]) };
    host.heardAt = this.options.now();
    this.#hosts.set(from, host);
    if (said.kind === 'snapshot') host.users = usersOf(said.sessions);
    else if (said.kind === 'came') add(host.users, said.session);
    else remove(host.users, said.session);
    // it may have come before us, or have taken us for dead
    if (!known) this.announceAll();
  }

  #send(said: PresenceMessage): void {
    this.options.peers.broadcast('presence', Buffer.from(JSON.stringify(said)));
  }
}

const NOBODY: ReadonlySet<Session> = new Set();

function viewOf({ connectedAt, workplace }: Session): SessionView {
  return { since: connectedAt, ...(workplace !== undefined && { workplace }) };
}

function recordsOf(session: Session): SessionRecord {
  return { id: session.id, user: session.bearer.user, ...viewOf(session) };
}

function usersOf(sessions: readonly SessionRecord[]): Users {
  const users: Users = new Map();
  for (const session of sessions) add(users, session);
  return users;
}

function add(users: Users, { id, user, ...view }: SessionRecord): void {
  const sessions = users.get(user) ?? new Map<string, SessionView>();
  users.set(user, sessions.set(id, view));
}

function remove(users: Users, { id, user }: Pick<SessionRecord, 'id' | 'user'>): void {
  const sessions = users.get(user);
  sessions?.delete(id);
  if (sessions?.size === 0) users.delete(user);
}
