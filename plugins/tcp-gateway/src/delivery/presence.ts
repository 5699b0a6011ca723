import type { Peers } from '@sluice/plugin-api';
import type { Session } from '../server/desk.js';

/** A host that was silent for so long is gone, and its users with it. */
export const SILENCE_MS = 30_000;
export const SNAPSHOT_MS = 10_000;

/** How many sessions each user has on a host. */
type Counts = Map<string, number>;

interface RemoteHost {
  heardAt: number;
  users: Counts;
}

/** `hello`: a host wants to know the others. `snapshot`: all users of a host. `change`: of one user. `bye`: a host ends in good order. */
type Said =
  | { readonly kind: 'hello' | 'bye' }
  | { readonly kind: 'snapshot'; readonly users: readonly (readonly [string, number])[] }
  | { readonly kind: 'change'; readonly user: string; readonly sessions: number };

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
    this.#leave = options.peers.listen('presence', (body, from) => this.#heard(from, JSON.parse(body.toString()) as Said));
    this.#say({ kind: 'hello' });
    this.tellAll();
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
    for (const { users } of this.#hosts.values()) count += users.get(user) ?? 0;
    return count;
  }

  /** Sessions of this host. */
  local(user: string): ReadonlySet<Session> {
    return this.#local.get(user) ?? NOBODY;
  }

  *all(): Iterable<Session> {
    for (const sessions of this.#local.values()) yield* sessions;
  }

  /** Gives how many sessions the user has now, over all hosts. */
  enter(session: Session): number {
    const { user } = session.bearer;
    const sessions = this.#local.get(user) ?? new Set();
    this.#local.set(user, sessions.add(session));
    this.#tellChange(user, sessions.size);
    return this.count(user);
  }

  leave(session: Session): number {
    const { user } = session.bearer;
    const sessions = this.#local.get(user);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#local.delete(user);
    this.#tellChange(user, sessions?.size ?? 0);
    return this.count(user);
  }

  /** To be called every {@link SNAPSHOT_MS}: what was lost on the way is made up for. */
  tellAll(): void {
    if (!this.options.serves) return;
    const users = [...this.#local].map(([user, sessions]) => [user, sessions.size] as const);
    this.#say({ kind: 'snapshot', users });
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
    this.#say({ kind: 'bye' });
  }

  #tellChange(user: string, sessions: number): void {
    // a host that is alone uses no broker
    if (this.hasPeers) this.#say({ kind: 'change', user, sessions });
  }

  #heard(from: string, said: Said): void {
    if (said.kind === 'bye') return void this.#hosts.delete(from);
    if (said.kind === 'hello') return this.tellAll();
    const known = this.#hosts.has(from);
    const host = this.#hosts.get(from) ?? { heardAt: 0, users: new Map() };
    host.heardAt = this.options.now();
    this.#hosts.set(from, host);
    if (said.kind === 'snapshot') host.users = new Map(said.users);
    else if (said.kind === 'change' && said.sessions > 0) host.users.set(said.user, said.sessions);
    else if (said.kind === 'change') host.users.delete(said.user);
    // it may have come before us, or have taken us for dead
    if (!known) this.tellAll();
  }

  #say(said: Said): void {
    this.options.peers.broadcast('presence', Buffer.from(JSON.stringify(said)));
  }
}

const NOBODY: ReadonlySet<Session> = new Set();
