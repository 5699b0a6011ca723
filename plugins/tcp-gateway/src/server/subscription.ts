import { escapeHeader } from '../stomp/escape.js';
import type { EncodedMessage } from '../stomp/message-frame.js';
import type { Delivery, Session, Subscription } from './stomp-handler.js';
import type { Source } from './destination.js';

/** Header `ack` of SUBSCRIBE. `client` is cumulative. */
export type AckMode = 'auto' | 'client' | 'client-individual';

/** The deliveries of a session that its client has not acknowledged yet. */
interface AckRegister {
  /** Header `ack` of messages that need no acknowledgement. */
  readonly nothing: string;
  /** Returns the header `ack` of a delivery. */
  draw(seq: number | undefined, subscription: StompSubscription): string;
  /** Forgets events of one subscription, or of all, that need no acknowledgement any more. */
  settle(seqs: readonly number[], subscription?: StompSubscription): void;
}

/** The session through which a subscription sends. */
export interface SubscriptionOwner extends Session {
  readonly unacknowledged: AckRegister;
  /** Returns false while the client reads too slowly: the caller keeps the message. */
  hasRoom(): boolean;
  sendMessage(start: string, message: EncodedMessage): void;
  /** Acknowledges an event of `ack:auto` once its frame has left. */
  acknowledgeWhenSent(seq: number): void;
}

export class StompSubscription implements Subscription {
  /** Beginning of each MESSAGE. */
  readonly #start: string;

  constructor(
    readonly session: SubscriptionOwner,
    readonly id: string,
    readonly destination: string,
    readonly source: Source,
    readonly mode: AckMode,
  ) {
    this.#start = messageStart(id);
  }

  deliver(message: EncodedMessage, delivery?: Delivery): boolean {
    const { session } = this;
    if (!session.hasRoom()) return false;
    let start = this.#start;
    if (this.mode !== 'auto') start += `ack:${this.#drawAck(delivery)}\n`;
    if (delivery?.redelivered) start += 'redelivered:true\n';
    session.sendMessage(start, message);
    if (delivery && this.mode === 'auto') session.acknowledgeWhenSent(delivery.seq);
    return true;
  }

  settled(seqs: readonly number[]): void {
    this.session.unacknowledged.settle(seqs, this);
  }

  #drawAck(delivery: Delivery | undefined): string {
    const { unacknowledged } = this.session;
    return this.source.kind === 'user' ? unacknowledged.draw(delivery?.seq, this) : unacknowledged.nothing;
  }
}

/** Returns the command line and the header `subscription` of a MESSAGE. */
export function messageStart(subscriptionId: string): string {
  return `MESSAGE\nsubscription:${escapeHeader(subscriptionId)}\n`;
}
