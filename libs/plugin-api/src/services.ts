import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Accepted, Closable, Doors, NewEvent } from './plugin.js';

/** Who holds a token, and what it allows: what the token asks for within what its issuer may give. */
export interface Bearer {
  /** Full name: `<issuer>/<sub>`. */
  readonly user: string;
  readonly issuer: string;
  readonly sub: string;
  readonly scopes: readonly string[];
  /** Patterns of event types that may be published. */
  readonly events: readonly string[];
  /** Patterns of paths below `/in/` that may be called. Absent: the issuer lists none. */
  readonly endpoints?: readonly string[];
  /** Patterns of topics that may be listened to. */
  readonly topics: readonly string[];
  /** Telephone extension and groups: from the token, never from the client. */
  readonly extension?: string;
  readonly groups: readonly string[];
  /** The workplaces that a client of this token may name, one of them at a time. Absent: any. Empty: none. */
  readonly workplaces?: readonly string[];
  /** Milliseconds since 1970. What was opened with the token ends then. */
  readonly expiresAt: number;
}

/** Tokens, judged as every door of the host judges them. What is refused is thrown as a SluiceError that says why. */
export interface Tokens {
  verify(token: string | undefined): Promise<Bearer>;
  requireScope(bearer: Bearer, scope: string): void;
  requireEventType(bearer: Bearer, type: string): void;
  requireTopic(bearer: Bearer, topic: string): void;
  /** Calls `back` once when the bearer's token is revoked, within 5 s and on every host. Returns the function that ends the watch. */
  onRevoked(bearer: Bearer, back: () => void): () => void;
  /** The issuers of sluice.yaml that may give this scope; the operator when there is none. */
  issuersOf(scope: string): readonly string[];
}

/** The door's name for a bearer, as `source` of what it sends. */
export function sourceOf(bearer: Pick<Bearer, 'issuer' | 'sub'>): string {
  return `/issuers/${bearer.issuer}/${encodeURIComponent(bearer.sub)}`;
}

/** Tables of the connection's own, in the workspace's PostgreSQL. Each statement is a transaction. Rejects with `STORE_UNAVAILABLE` while it is away. */
export interface Database {
  /**
   * Brings the tables up to date: runs those steps that have not run yet, in order, all or none. Several hosts may do so at once. A step
   * that was released is never changed: another is added.
   */
  migrate(steps: readonly string[]): Promise<void>;
  /**
   * Runs one statement and resolves with its rows. Names without a schema mean the connection's own tables.
   *
   * @param name keeps the statement prepared under this name, at most 63 bytes, on each connection to the server. For statements that run
   *   often and whose text never changes.
   */
  rows<Row extends object>(sql: string, params?: readonly unknown[], name?: string): Promise<Row[]>;
  /**
   * Where the tables are, for a plugin that brings an access of its own, such as TypeORM. The schema is there after `migrate`. The address
   * holds a password: it goes to the driver and nowhere else.
   */
  readonly place: { readonly url: string; readonly schema: string };
}

/** The other hosts of the workspace that have this connection. What is said is heard at most once: it may be lost, and it is not repeated. */
export interface Peers {
  /** Names this host; another after each start. */
  readonly id: string;
  /** Says something to every other host. Never waits and never throws. */
  broadcast(topic: string, body: Buffer): void;
  /** Calls `heard` with what other hosts say on the topic; gives the function that ends it. */
  listen(topic: string, heard: (body: Buffer, from: string) => void): () => void;
}

/** Numbers that appear in `/metrics`, each with the label `connection`. Names begin with `sluice_`. */
export interface Meter {
  /** Gives the function that counts. */
  counter(name: string, help: string): (by?: number) => void;
  /** `read` is asked whenever the metrics are. */
  gauge(name: string, help: string, read: () => number): void;
}

/** Takes over the socket of a request that wants another protocol, https://nodejs.org/api/http.html#event-upgrade_1. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The doors of a host for plugins that serve clients. */
export interface ServiceDoors extends Doors {
  /** Hands over upgrades of this path; gives the function that ends it. The plugin asks for the token itself. Throws when the path is taken. */
  upgrade(path: string, take: Upgrade): () => void;
}

/** What the engine lends to a plugin that serves clients of its own, such as a gateway for desktops. */
export interface Services {
  /** Where to listen when the connection does not say. Absent: this host serves no clients, it has not the role `gateway`. */
  readonly listen?: { readonly host: string; readonly stompPort: number };
  readonly tokens: Tokens;
  readonly doors: ServiceDoors;
  readonly database: Database;
  readonly peers: Peers;
  readonly meter: Meter;
  /**
   * Publishes an event; resolves after the broker's confirm. With `by` as `POST /events/<type>` does, with the same checks; without in the
   * name of the connection, which alone may publish `user.*`.
   */
  publish(event: NewEvent & { readonly type: string }, by?: Bearer): Promise<Accepted>;
  /** Does a flow or a module take events of this type? What nobody takes is kept as unrouted. */
  isTaken(type: string): boolean;
  /** Lets a run go on whose step waits: see `Call.suspend`. Resolves after the broker's confirm. A run that its timeout has taken on is left alone. */
  resume(token: Buffer, output: unknown): Promise<void>;
  /** Runs `work` while this host has the lease: one host over all. Resolves after the signal, when the work has ended; `work` must end at its own signal. */
  lease(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

/**
 * For the NestJS module of a plugin: the connections of sluice.yaml that use the plugin. Inject it by this class.
 * A client may be replaced when it is lost: ask for it each time.
 */
export abstract class PluginConnections {
  /** The client of each connection, by its name. The promise rejects, with what `open` threw, while it cannot be opened. */
  abstract of<Client extends Closable>(plugin: string): ReadonlyMap<string, () => Promise<Client>>;
}
