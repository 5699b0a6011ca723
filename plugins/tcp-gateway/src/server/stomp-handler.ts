import type { Bearer } from '@sluice/plugin-api';
import type { EncodedMessage } from '../stomp/message.js';

/** Who a session belongs to, as its token says. The server itself reads `user` and `expiresAt` only. */
export type { Bearer };

/** What a client says of itself in its CONNECT frame. */
export interface Credentials {
  readonly login: string;
  readonly passcode: string;
  /** IP address of the other side. */
  readonly address: string;
  /** Header `client-id`. */
  readonly workplace: string | undefined;
}

/** A SEND frame. */
export interface SentMessage {
  /** All headers of the frame, unescaped. */
  readonly headers: ReadonlyMap<string, string>;
  /** The bytes as they came: not a copy, and never written to again. */
  readonly body: Buffer;
}

/**
 * What the STOMP server asks of its owner: the server knows frames, sockets and time; the desk knows tokens, mailboxes, the broker and flows.
 *
 * A method that refuses throws (or rejects with) a `SluiceError`: its message, code and cure go to the client in an ERROR frame, and the
 * session ends, as STOMP wants it. Any other error ends the session too, with a text that gives nothing away, and is logged.
 *
 * Calls for one session come in the order of its frames and do not wait for each other. After `sessionClosed` none comes.
 */
export interface StompHandler {
  /** Checks the passcode. Called for a bounded number of clients at once; the others wait their turn and are not refused. */
  authenticate(credentials: Credentials): Promise<Bearer>;

  /** The client has been told CONNECTED. */
  sessionOpened(session: Session): void;

  /** For every session that was opened, once. Its subscriptions have ended with it, and what it did not acknowledge stays unacknowledged. */
  sessionClosed(session: Session, reason: string): void;

  /**
   * The session wants what is in its user's mailbox, and what comes. Events may be delivered from this call on, also before it resolves;
   * a RECEIPT that was asked for waits for it.
   */
  subscribeUser(subscription: Subscription): Promise<void>;

  /** Throws when the bearer may not listen to this topic. */
  subscribeTopic(subscription: Subscription, topic: string): void;

  /** By an UNSUBSCRIBE frame. What was not acknowledged is to be delivered again to whoever subscribes next. */
  unsubscribeUser(subscription: Subscription): void;
  unsubscribeTopic(subscription: Subscription, topic: string): void;

  /** The client has handled these places of its mailbox. Resolves once that is committed: the RECEIPT waits for it. */
  acknowledge(session: Session, seqs: readonly number[]): Promise<void>;

  /** NACK: the client cannot handle these now, which came by this subscription. Resolves once that is noted. */
  reject(subscription: Subscription, seqs: readonly number[]): Promise<void>;

  /** SEND to `/events/<type>`. Resolves after the broker's confirm: the RECEIPT waits for it. */
  publish(session: Session, type: string, message: SentMessage): Promise<void>;

  /**
   * SEND to `/flows/<flow>`. Resolves once the flow's event is confirmed by the broker. With `replyTo`, the owner hands the flow's answer
   * to `session.reply` some time later.
   */
  callFlow(session: Session, flow: string, message: SentMessage, replyTo: string | undefined): Promise<void>;

  /** SEND to `/answers/<message-id>`: what a MESSAGE has asked for. Resolves when the answer is taken; one that comes too late is taken and ignored. */
  answer(session: Session, id: string, message: SentMessage): Promise<void>;

  /** The session refused a delivery, and has room again. */
  drained(session: Session): void;
}

/** One client that has been let in. */
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
   * Hands the answer of a flow to the client, at most once: false when the session has closed or its buffer is full.
   * `message.destination` is the `replyTo` of the call.
   */
  reply(message: EncodedMessage): boolean;

  /** Ends the session with an ERROR frame. Harmless when it has closed. */
  close(reason: CloseReason): void;
}

/** What a session was told to subscribe to: `/user/events` or `/topic/<name>`. Several may be to one destination: each is sent its copy. */
export interface Subscription {
  readonly session: Session;

  /**
   * Takes the message for sending, in order; it leaves with everything else of this turn of the event loop. False: not taken, because the
   * session has closed, or more than its limit waits to be read by the client, and then `drained` is called when there is room.
   */
  deliver(message: EncodedMessage, delivery?: Delivery): boolean;

  /** These places of the mailbox need no answer of this subscription any more: their events were answered elsewhere, or have left. */
  settled(seqs: readonly number[]): void;
}

/** Asks for an acknowledgement, which comes to `acknowledge` or `reject`. Without one the message is sent at most once. */
export interface Delivery {
  /** The place in the user's mailbox. */
  readonly seq: number;
  /** It may have been seen before: the client is told `redelivered:true`. */
  readonly redelivered?: boolean;
}

export interface CloseReason {
  /** Stable and for programs, such as `TOKEN_EXPIRED`: header `code` of the ERROR frame. */
  readonly code: string;
  /** For people: header `message` of the ERROR frame. */
  readonly message: string;
  /** What to do about it: body of the ERROR frame. */
  readonly cure?: string;
}

/** As of now: ask again for later. */
export interface SessionCounters {
  /** MESSAGE frames taken for sending. */
  readonly delivered: number;
  /** Deliveries that were not taken because the client reads too slowly. */
  readonly refused: number;
  /** Delivered with a `seq`, and neither acknowledged nor rejected. */
  readonly unacknowledged: number;
  /** SEND frames. */
  readonly received: number;
  /** Bytes that wait for the client to read. */
  readonly buffered: number;
}
