import type { Clock } from './clock.js';
import type { Services } from './services.js';

/** The log of a connection. Fields must not contain secrets: they are written as they are. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** The services that the engine provides to the client of one connection. */
export interface Host {
  /** The connection's name in sluice.yaml. */
  readonly connection: string;
  readonly log: Log;
  /** Fires when the client has to close. */
  readonly signal: AbortSignal;
  /** IANA name of the workspace's time zone, if it has one. */
  readonly timezone?: string;
  /** A folder on this host for copies that may be lost, which only its user can read. Absent: there is none. */
  readonly folder?: string;
  /**
   * The time and the timers of the host. A plugin uses no others, so that its flows can be tested on a virtual clock. Excepted are waits for
   * sockets and databases, which work in real time: the server and the mailbox of tcp-gateway, and requests through `@sluice/web-client`.
   */
  readonly clock: Clock;
  /** Returns the wall time of `clock` as a date. */
  now(): Date;
  /** Reports that the connection is lost. The engine closes the client and opens another, with backoff. */
  lost(reason: unknown): void;
  /** For a plugin that serves clients of its own, such as a gateway. */
  readonly services: Services;
}
