import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Capabilities, CapabilityName } from './capabilities.js';
import type { Accepted, NewEvent } from './events.js';
import type { Bearer, RouteRegistrar } from './http.js';

/** A client that the engine can close. */
export interface Closable {
  close(): Promise<void>;
}

/** Checks tokens by the same rules as every endpoint of the host. A refusal is thrown as a SluiceError with the reason. */
export interface Tokens {
  /** Resolves with the owner of the token; rejects when the token is missing, invalid, expired or revoked. */
  verify(token: string | undefined): Promise<Bearer>;
  /** Throws when the bearer does not have the scope. */
  requireScope(bearer: Bearer, scope: string): void;
  /** Throws when the bearer may not publish events of this type. */
  requireEventType(bearer: Bearer, type: string): void;
  /** Throws when the bearer may not subscribe to this topic. */
  requireTopic(bearer: Bearer, topic: string): void;
  /** Calls `back` once when the bearer's token is revoked, within 5 s and on every host. Returns the function that stops watching. */
  onRevoked(bearer: Bearer, back: () => void): () => void;
  /** Returns the issuers of sluice.yaml that may grant this scope, or the operator when no issuer may. */
  issuersOf(scope: string): readonly string[];
}

/** Scopes that an issuer may grant which was registered while the host runs. */
export const RUNTIME_ISSUER_SCOPES = ['conversations', 'conversations:server', 'desktop'] as const;

/** An issuer of tokens that a plugin registers while the host runs. */
export interface RuntimeIssuer {
  /** Header `kid` of its tokens. An issuer of sluice.yaml with the same name has precedence. */
  readonly name: string;
  /** Keys for HS256, each of at least 32 bytes. Tokens of any of them are accepted. */
  readonly keys: readonly Uint8Array[];
  readonly scopes: readonly (typeof RUNTIME_ISSUER_SCOPES)[number][];
}

/**
 * Issuers that a plugin registers while the host runs. Their tokens never grant anything beyond {@link RUNTIME_ISSUER_SCOPES}: no events, no
 * topics, no endpoints, no extension and no groups. A token is valid for at most 24 hours after its `iat`.
 */
export interface RuntimeIssuers {
  /**
   * Replaces the issuers of this connection on this host. Tokens of a key that is not contained any more are refused from then on, and their
   * sessions end. Each host calls it, within 5 s after a change.
   */
  replace(issuers: readonly RuntimeIssuer[]): void;
  /** Encrypts a key under the secret of the operator (AES-256-GCM). `name` has to be passed again to decrypt it. */
  seal(key: Uint8Array, name: string): Uint8Array;
  /** Decrypts a key. Throws when it was encrypted under another secret of the operator or another name, or was changed. */
  unseal(sealed: Uint8Array, name: string): Uint8Array;
}

/**
 * Tables of one connection in the PostgreSQL of the workspace. Each statement is a transaction. Every method rejects with
 * `STORE_UNAVAILABLE` while PostgreSQL cannot be reached.
 */
export interface Database {
  /**
   * Migrates the tables: runs the steps that have not run yet, in order and in one transaction. Several hosts may call it at once.
   *
   * @param steps SQL. A step that was released is never changed; a later change is a further step.
   */
  migrate(steps: readonly string[]): Promise<void>;
  /**
   * Runs one statement and resolves with its rows. Names without a schema refer to the tables of the connection.
   *
   * @param name the name of a prepared statement, at most 63 bytes, which is kept on each connection to the server. For statements that run
   *   often and whose text never changes.
   */
  rows<Row extends object>(sql: string, params?: readonly unknown[], name?: string): Promise<Row[]>;
  /**
   * Address and schema of the tables, for a plugin with its own database access, such as TypeORM. The schema exists after `migrate`. The
   * address contains a password: pass it to the driver only.
   */
  readonly connectionInfo: { readonly url: string; readonly schema: string };
}

/** The other hosts of the workspace that have this connection. A message arrives at most once: it may be lost and is not repeated. */
export interface Peers {
  /** Id of this host, different after each start. */
  readonly id: string;
  /** Sends a message to every other host. It does not wait and does not throw. */
  broadcast(topic: string, body: Buffer): void;
  /** Calls `heard` for each message of another host on the topic. Returns the function that stops listening. */
  listen(topic: string, heard: (body: Buffer, from: string) => void): () => void;
}

/** Numbers that appear in `/metrics`, each with the label `connection`. Names begin with `sluice_`. */
export interface Meter {
  /** Creates a counter and returns the function that increments it. */
  counter(name: string, help: string): (by?: number) => void;
  /** Creates a gauge. `read` is called whenever the metrics are read. */
  gauge(name: string, help: string, read: () => number): void;
}

/** Takes over the socket of a request that wants another protocol, https://nodejs.org/api/http.html#event-upgrade_1. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The endpoints of a host, for plugins that serve clients. */
export interface UpgradeRegistrar extends RouteRegistrar {
  /**
   * Passes the upgrade requests of this path to `take`. The plugin checks the token.
   *
   * @returns the function that removes the path.
   * @throws when the path is already registered.
   */
  upgrade(path: string, take: Upgrade): () => void;
}

/**
 * Capabilities of other plugins that a plugin has declared in `uses`. Each is a function that resolves with the capability of a connection.
 *
 * @param connection the name of a connection that provides the capability. Default: the only one in sluice.yaml.
 * @throws `CONFIG_INVALID` when no connection of this name provides it, and without a name when several connections do; otherwise the error
 *   of `open` of the other connection.
 *
 * When the other connection is lost, the engine closes this client too and opens it again. So call the function in `open`, and keep the
 * capability as long as the client.
 */
export type UsedCapabilities = { readonly [Name in CapabilityName]?: (connection?: string) => Promise<Capabilities[Name]> };

/** The services that the engine provides to a plugin that serves clients of its own, such as a gateway for desktops. */
export interface Services extends UsedCapabilities {
  /**
   * Address to listen on when the connection does not configure one. Absent: this host does not have the role `gateway` and serves no
   * clients.
   */
  readonly listen?: { readonly host: string; readonly stompPort: number };
  readonly tokens: Tokens;
  /** Absent: this host verifies tokens of the issuers of sluice.yaml only. */
  readonly issuers?: RuntimeIssuers;
  readonly routes: UpgradeRegistrar;
  readonly database: Database;
  readonly peers: Peers;
  readonly meter: Meter;
  /**
   * Publishes an event and resolves once the broker has confirmed it.
   *
   * @param by the sender. With it the event is checked as in `POST /events/<type>`. Without it the event is published in the name of the
   *   connection, which is the only sender that may publish `user.*`.
   * @throws `BUS_UNAVAILABLE` when the broker does not confirm.
   */
  publish(event: NewEvent & { readonly type: string }, by?: Bearer): Promise<Accepted>;
  /** Returns whether a flow or a module takes events of this type. Events that no flow and no module takes are kept as unrouted. */
  isTaken(type: string): boolean;
  /**
   * Continues a run whose step is suspended (see {@link Call.suspend}) and resolves once the broker has confirmed it. It has no effect on a
   * run that its timeout has already continued.
   */
  resume(token: Buffer, output: unknown): Promise<void>;
  /**
   * Runs `work` while this host holds the lease, which one host has at a time. Resolves after the signal has fired and the work has ended.
   *
   * @param work must end soon after its own signal fires, which happens when the lease is lost.
   */
  lease(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

/**
 * The connections of sluice.yaml that use a plugin, for the NestJS module of the plugin, which injects this class.
 * The engine may replace a client that is lost, so call the function again each time that you need the client.
 */
export abstract class PluginConnections {
  /**
   * Returns the clients of the plugin's connections by name. The promise rejects with the error of `open` while the client cannot be
   * opened.
   */
  abstract of<Client extends Closable>(plugin: string): ReadonlyMap<string, () => Promise<Client>>;
}
