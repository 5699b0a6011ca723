import type { Bearer } from './http.js';

/** Receivers of an event. A user is named in full, `<issuer>/<sub>`, or by `<sub>` when one issuer only may grant the scope `desktop`. */
export type Recipients =
  | { readonly user: string }
  /** Users whose last token contains this telephone extension. */
  | { readonly extension: string }
  /** Users whose last token contains this group. */
  | { readonly group: string }
  /** The user who was last seen at this workplace; only sessions at this workplace receive the event. */
  | { readonly workplace: string }
  /** Every user who has ever connected. */
  | { readonly all: true };

/** An event for desktop clients. */
export interface DesktopEvent {
  /**
   * UUID. A repeated delivery of the same event has to pass the same id, for example one that `derivedId` returns: a mailbox keeps an id
   * once, and a client recognises a repeat by it (header `message-id`).
   */
  readonly id: string;
  /** Type of the event: header `event` of the message. Words of `[A-Za-z0-9_-]` joined by dots, at most 200 characters. */
  readonly event: string;
  /** Body of the message as JSON, at most 8 MiB. Absent: the message has no body. */
  readonly data?: unknown;
  /** Header `correlation-id`. */
  readonly correlationid?: string;
}

/** How an event is delivered to mailboxes: the options of the action `send` of the gateway. */
export interface DesktopDeliveryOptions {
  /**
   * `drop`: only sessions that are connected now receive the event, at most once. Otherwise the event is kept until a client of its user
   * acknowledges it.
   *
   * - `keepForMs`: how long the event waits, in milliseconds, from 0. Default: `mailbox.keepFor` of the gateway.
   * - `collapseKey`: the event replaces events that wait for the same user under the same key. At most 200 characters without control
   *   characters.
   */
  readonly offline?: 'drop' | { readonly keepForMs?: number; readonly collapseKey?: string };
  /** Milliseconds, from 0. After this time no client receives the event any more; clients see the time in the header `expires`. */
  readonly expiresInMs?: number;
  /** The receivers get the event one after another within this time, in milliseconds, from 0. Default: 0. */
  readonly spreadMs?: number;
  /**
   * Continues a suspended run when the one user of the event has acknowledged it (`shown`) or answered it (`reply`). The output of the
   * step is `{ id, kept: 1, online: 1, workplace?, answer? }`. Not together with `offline: 'drop'`.
   *
   * - `token`: the token that `call.suspend` returned.
   * - `deadline`: when the gateway stops waiting; the deadline of the call.
   */
  readonly wait?: { readonly for: 'shown' | 'reply'; readonly token: Buffer; readonly deadline: Date };
}

/** The result of a delivery, as far as this host knows it. */
export interface DesktopDeliveryResult {
  /** Number of mailboxes that were addressed; 0 with `offline: 'drop'`. */
  readonly kept: number;
  /**
   * Number of their users that are connected now, each counted once. With `offline: 'drop'`, users that are meant by `user` count on any
   * host, and those that are meant by extension, group, workplace or `all` on this host only.
   */
  readonly online: number;
}

/** A connected client of a desktop gateway. */
export interface DesktopClient {
  /** The owner of the token with which the client connected, and the rights of the token. */
  readonly bearer: Bearer;
  /** Header `client-id` of its CONNECT frame. */
  readonly workplace?: string;
}

/** A SEND frame of a client to a destination of a plugin. */
export interface DesktopMessage {
  readonly client: DesktopClient;
  /** The destination without the prefix: 1 to 200 characters, no control characters. */
  readonly path: string;
  /** All headers of the frame, unescaped. A client that repeats a message sends the same header `id`. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body, read according to its `content-type` (default: JSON). `undefined` when the body is empty. */
  readonly data: unknown;
  /** The body as it arrived, at most `limits.maxFrame` of the gateway. */
  readonly body: Uint8Array;
}

/** A group of STOMP destinations that belongs to a plugin, such as `/conversations/…`. */
export interface DestinationSpec {
  /**
   * `/`, then words of `[a-z0-9-]` that begin with a letter, each followed by `/`; at most 100 characters. The first word is none of
   * `user`, `topic`, `events`, `flows` and `answers`.
   */
  readonly prefix: string;
  /**
   * Returns whether the client may subscribe to the destination. The gateway calls it for each SUBSCRIBE, for each {@link
   * RegisteredDestination.recheck}, and for open subscriptions when the prefix is registered again.
   *
   * An error, and no answer within 5 s, count as a refusal. The signal fires then, and when the registration, the session or the
   * subscription ends. A host runs at most 100 checks of a prefix and at most 5 of a session at the same time; further ones wait. The wait
   * for other sessions counts as part of the 5 s.
   *
   * The client receives the RECEIPT after the answer. A refused SUBSCRIBE ends the session with an ERROR frame, as STOMP 1.2 requires: with
   * the code of a SluiceError that is thrown, otherwise with `GATEWAY_DESTINATION_FORBIDDEN` or, after an error or a timeout,
   * `GATEWAY_DESTINATION_FAILED`.
   *
   * @param path the destination without the prefix: 1 to 200 characters, no control characters.
   */
  mayRead(client: DesktopClient, path: string, signal: AbortSignal): boolean | Promise<boolean>;
  /** Returns whether the client may send to the destination; bounded as `mayRead`. Absent, like `receive`: no client may send. */
  mayWrite?(client: DesktopClient, path: string, signal: AbortSignal): boolean | Promise<boolean>;
  /**
   * Handles a message that `mayWrite` has allowed. The client receives the RECEIPT only after this promise has resolved. When it rejects,
   * the client receives an ERROR frame and its session ends, as STOMP 1.2 requires; a SluiceError that is thrown is shown with its code and
   * cure, any other error is logged and shown as `GATEWAY_DESTINATION_FAILED`. The same holds when it has not settled after 30 s; the signal
   * fires then, and when the registration ends.
   *
   * Guarantee: at least once. A client without a RECEIPT repeats the message under the same header `id`. Messages of one client are handled
   * concurrently when it does not wait for the RECEIPT. At most 500 messages of a prefix, and at most 25 of a session, are handled at the
   * same time on a host. The wait for other sessions counts as part of the 30 s. When a session ends, its running calls continue, and its
   * messages that wait are dropped.
   */
  receive?(message: DesktopMessage, signal: AbortSignal): Promise<void>;
}

/** A registered group of destinations. */
export interface RegisteredDestination {
  /**
   * Sends an event to the subscribers of one or several destinations on all hosts.
   *
   * Guarantee: at most once. A client that reads too slowly, and one that subscribes later, does not receive it. Use a mailbox for events
   * that must not be lost. Events that one host publishes to one destination arrive in their order.
   *
   * @param to the destination without the prefix: 1 to 200 characters, no control characters. A list costs less than a call for each
   *   destination, because the event is written and sent to the other hosts once.
   * @throws `GATEWAY_EVENT` when the event or a path is not valid; then nobody receives it.
   */
  publish(to: string | readonly string[], event: DesktopEvent): void;
  /**
   * Asks `mayRead` again for the subscribers of a destination, on all hosts. A subscriber that may not read any more receives no further
   * message; its session goes on. When `mayRead` fails, the session ends, so that its client connects and subscribes again. A host on which
   * the registration has ended checks its subscribers when the prefix is registered again. Call it after rights have changed. The message
   * to the other hosts may be lost while the broker is unavailable.
   */
  recheck(path: string): void;
}

/** One session of a user. */
export interface DesktopSession {
  /** Id of the host to which the client is connected. */
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly workplace?: string;
}

/** A session that began or ended. */
export interface PresenceChange {
  readonly kind: 'connected' | 'disconnected';
  /** Full name, `<issuer>/<sub>`. */
  readonly user: string;
  readonly workplace?: string;
  /** Sessions of the user on all hosts after the change. */
  readonly sessions: number;
}

/**
 * Users that are connected, on all hosts. Hosts report changes to each other at once, and all their sessions every 10 s; a host that was
 * silent for 30 s counts as gone. So a host may see a change late by these times, and nothing that must not be lost may depend on it.
 */
export interface DesktopPresence {
  /** Returns whether the user, given in full, has a session on any host. */
  isOnline(user: string): boolean;
  /** Returns the full names of all connected users, sorted. */
  users(): readonly string[];
  /** Returns the sessions of a user, given in full, oldest first. */
  sessionsOf(user: string): readonly DesktopSession[];
  /** Returns the full names of the users that are connected at a workplace, sorted. */
  usersAt(workplace: string): readonly string[];
  /**
   * Calls `listener` for each session that begins or ends on any host after this call. An error that it throws is logged.
   *
   * @param signal ends the calls.
   */
  onChange(listener: (change: PresenceChange) => void, signal: AbortSignal): void;
}

/** A gateway to desktop clients, as other plugins use it. `@sluice/plugin-tcp-gateway` provides it. */
export interface DesktopGateway {
  /**
   * Puts an event into mailboxes.
   *
   * Guarantee: when the promise resolves, the event is committed in each mailbox, and its user receives it at least once, in the order of
   * the commits, until a client acknowledges it, it expires, or the mailbox overflows (event `mailbox.dropped`). The same id in the same
   * mailbox changes nothing, also for ten minutes after the event has left it.
   *
   * @param to one kind of receivers, or up to 1,000 of them. A user whom several of them mean receives the event once; if one of them means
   *   the user and another one a workplace, the first counts. With `offline: 'drop'` each session that any of them means receives it once.
   * @throws `GATEWAY_EVENT` when the event or an option is not valid, `GATEWAY_USER` for a short name that is ambiguous, `GATEWAY_WAIT`
   *   when `wait` does not mean one user, `STORE_UNAVAILABLE` while the database is unavailable. After the last one some mailboxes may have the
   *   event: call again with the same id.
   */
  deliver(
    to: Recipients | readonly Recipients[],
    event: DesktopEvent,
    options?: DesktopDeliveryOptions,
  ): Promise<DesktopDeliveryResult>;
  /**
   * Registers a group of STOMP destinations on this host. Call it while `open` runs, in a plugin with `serves: true`, so that each host
   * with clients has it.
   *
   * @param signal ends the registration: `host.signal`. Subscriptions stay open without messages, and receive messages again when the
   *   prefix is registered again.
   * @throws `GATEWAY_DESTINATION_TAKEN` when the prefix is reserved, or contains or is contained in the prefix of another registration.
   */
  registerDestination(spec: DestinationSpec, signal: AbortSignal): RegisteredDestination;
  readonly presence: DesktopPresence;
}
