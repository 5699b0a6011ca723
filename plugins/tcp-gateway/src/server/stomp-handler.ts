import type { Bearer } from '@sluice/plugin-api';
import type { EncodedMessage } from '../stomp/message-frame.js';

/** User and rights of a session, from its token. The server itself reads `user` and `expiresAt` only. */
export type { Bearer };

/** Credentials of a CONNECT frame. */
export interface Credentials {
  readonly login: string;
  readonly passcode: string;
  /** IP address of the client. */
  readonly address: string;
  /** Header `client-id`. */
  readonly workplace: string | undefined;
}

/** A SEND frame. */
export interface SentMessage {
  /** All headers of the frame, unescaped. */
  readonly headers: ReadonlyMap<string, string>;
  /** The received bytes: not a copy, and never changed afterwards. */
  readonly body: Buffer;
}

/**
 * Owner of a STOMP server. The server deals with frames, sockets and time; the handler deals with tokens, mailboxes, the broker and flows.
 *
 * A method that throws or rejects with a `SluiceError` ends the session, as STOMP requires: the message, code and cure go to the client
 * in an ERROR frame. Any other error ends the session with a text that reveals no details, and is logged.
 *
 * Calls for one session come in the order of its frames and do not wait for each other. No call comes after `sessionClosed`.
 */
export interface StompHandler {
  /** Verifies the passcode. Called for a bounded number of clients at once; the other clients wait and are not rejected. */
  authenticate(credentials: Credentials): Promise<Bearer>;

  /** Called once the CONNECTED frame is in the buffer of the client. */
  sessionOpened(session: Session): void;

  /** Called once for every opened session. Its subscriptions have ended, and events without an ACK stay unacknowledged. */
  sessionClosed(session: Session, reason: string): void;

  /**
   * Subscribes to the mailbox of the session's user: to waiting events and to new ones. Events may be delivered from this call on, also
   * before it resolves; the RECEIPT is sent after it has resolved.
   */
  subscribeUser(subscription: Subscription): Promise<void>;

  /** Subscribes to a topic. Throws if the token does not allow the topic. */
  subscribeTopic(subscription: Subscription, topic: string): void;

  /** Returns whether a plugin has registered this destination. The server asks only for destinations that are not its own. */
  hasDestination(destination: string): boolean;

  /** Subscribes to a destination of a plugin. Resolves once the plugin has admitted it; the RECEIPT is sent after that. */
  subscribeDestination(subscription: Subscription, destination: string): Promise<void>;

  /** Called for an UNSUBSCRIBE frame. Events without an ACK are delivered again to the next subscription. */
  unsubscribeUser(subscription: Subscription): void;
  unsubscribeTopic(subscription: Subscription, topic: string): void;
  unsubscribeDestination(subscription: Subscription, destination: string): void;

  /** Removes acknowledged events from the mailbox of the user. Resolves once that is committed; the RECEIPT is sent after that. */
  acknowledge(session: Session, seqs: readonly number[]): Promise<void>;

  /** Notes a NACK: the client cannot process these events of the subscription now. Resolves once that is stored. */
  reject(subscription: Subscription, seqs: readonly number[]): Promise<void>;

  /** Publishes a SEND to `/events/<type>`. Resolves once the broker has confirmed it; the RECEIPT is sent after that. */
  publish(session: Session, type: string, message: SentMessage): Promise<void>;

  /**
   * Calls a flow for a SEND to `/flows/<flow>`. Resolves once the broker has confirmed the event of the flow. With `replyTo`, the handler
   * passes the reply of the flow to `session.reply` later.
   */
  callFlow(session: Session, flow: string, message: SentMessage, replyTo: string | undefined): Promise<void>;

  /**
   * Accepts a SEND to `/answers/<message-id>`: the answer to a MESSAGE. Resolves once it is stored; an answer that comes too late is
   * ignored.
   */
  answer(session: Session, id: string, message: SentMessage): Promise<void>;

  /** Passes a SEND to the plugin of its destination. Resolves once the plugin has handled it; the RECEIPT is sent after that. */
  send(session: Session, destination: string, message: SentMessage): Promise<void>;

  /** Called when a session that has rejected a delivery has room again. */
  drained(session: Session): void;
}

/** One admitted client. */
export interface Session {
  /** Unique on this host for the life of the process. */
  readonly id: string;
  readonly bearer: Bearer;
  readonly address: string;
  readonly workplace: string | undefined;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  readonly counters: SessionCounters;

  /**
   * Sends the reply of a flow to the client, at most once. Returns false if the session has closed or its buffer is full.
   * `message.destination` is the `replyTo` of the call.
   */
  reply(message: EncodedMessage): boolean;

  /** Ends the session with an ERROR frame. Does nothing after the session has closed. */
  close(reason: CloseReason): void;
}

/**
 * A subscription to `/user/events`, `/topic/<name>` or a destination of a plugin. A session may have several to one destination: each
 * receives a copy.
 */
export interface Subscription {
  readonly session: Session;

  /**
   * Accepts the message for sending, in order; it is written at the end of this turn of the event loop.
   *
   * @returns false if the message was not accepted: the session has closed, or the buffer of the client is full. After a full buffer
   * `drained` is called once there is room.
   */
  deliver(message: EncodedMessage, delivery?: Delivery): boolean;

  /**
   * Forgets deliveries that need no ACK of this subscription any more: their events were acknowledged elsewhere, or have left the mailbox.
   */
  settled(seqs: readonly number[]): void;
}

/** Requests an acknowledgement, which arrives at `acknowledge` or `reject`. A message without it is sent at most once. */
export interface Delivery {
  /** The place in the user's mailbox. */
  readonly seq: number;
  /** True if the client may have received the event before; the header `redelivered:true` reports it. */
  readonly redelivered?: boolean;
}

export interface CloseReason {
  /** Stable code such as `TOKEN_EXPIRED`: header `code` of the ERROR frame. */
  readonly code: string;
  /** Text for people: header `message` of the ERROR frame. */
  readonly message: string;
  /** Advice: body of the ERROR frame. */
  readonly cure?: string;
}

/** A snapshot. */
export interface SessionCounters {
  /** MESSAGE frames accepted for sending. */
  readonly delivered: number;
  /** Deliveries that were rejected because the client reads too slowly. */
  readonly refused: number;
  /** Deliveries with a `seq` that were neither acknowledged nor rejected. */
  readonly unacknowledged: number;
  /** SEND frames received. */
  readonly received: number;
  /** Bytes that wait for the client to read. */
  readonly buffered: number;
}
