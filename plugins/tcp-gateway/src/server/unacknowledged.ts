import { randomBytes } from 'node:crypto';
import { stompFail } from './stomp-failures.js';
import type { StompSubscription } from './subscription.js';

/** Random prefix of header `ack`: session ids repeat on other hosts and after a restart of this host. */
const PROCESS = randomBytes(6).toString('base64url');

/** Process, session and number of the delivery. */
const ACK_ID = /^([\w-]{8}\.\d+)\.(\d{1,15})$/;

/** A place in the mailbox, as it was sent to one subscription. */
interface SentCopy {
  readonly seq: number;
  readonly subscription: StompSubscription;
}

/** The places in the mailbox that an ACK or NACK answers, of one subscription. */
export interface AcknowledgedEvents {
  readonly subscription: StompSubscription;
  readonly seqs: readonly number[];
}

/**
 * The deliveries of one session that its client has not acknowledged. The header `ack` of a delivery contains the session and the number of
 * the delivery, so that a client that sends an old id after a reconnect does not acknowledge another event.
 */
export class Unacknowledged {
  #lastNumber = 0;
  /** By number of the delivery, in the order of sending. */
  #copies: Map<number, SentCopy> | undefined;
  readonly #session: string;

  /** @param session id of the session, unique in this process */
  constructor(session: string) {
    this.#session = `${PROCESS}.${session}`;
  }

  /** Header `ack` of messages of a topic, which need no ACK: an ACK with it acknowledges no event. */
  get nothing(): string {
    return `${this.#session}.0`;
  }

  get size(): number {
    return this.#copies?.size ?? 0;
  }

  /** Returns the header `ack` of a delivery, and remembers the delivery if it has a place in the mailbox. */
  draw(seq: number | undefined, subscription: StompSubscription): string {
    this.#lastNumber++;
    if (seq !== undefined) (this.#copies ??= new Map()).set(this.#lastNumber, { seq, subscription });
    return `${this.#session}.${this.#lastNumber}`;
  }

  /**
   * Removes and returns the deliveries that an ACK or NACK with this header `id` covers. With `ack:client` these include the earlier
   * deliveries of the same subscription.
   *
   * @param only the session's subscription to its user's events if it has exactly one: it is used for a number that was settled meanwhile
   * @returns undefined if no delivery is left, and for an id of another session, whose event waits and is delivered again
   * @throws `STOMP_ACK` for an id that was never sent
   */
  take(id: string, only: StompSubscription | undefined): AcknowledgedEvents | undefined {
    const [, session, digits] = ACK_ID.exec(id) ?? [];
    const number = Number(digits ?? Infinity);
    if (session !== undefined && session !== this.#session) return undefined;
    if (number > this.#lastNumber) throw stompFail.STOMP_ACK('this session received no MESSAGE with this id in its header ack');
    const copy = this.#copies?.get(number);
    const subscription = copy?.subscription ?? only;
    if (!subscription) return undefined;
    if (subscription.mode === 'client') {
      const taken = this.#remove((other, drawn) => drawn <= number && other.subscription === subscription);
      return taken.length > 0 ? { subscription, seqs: taken.map(({ seq }) => seq) } : undefined;
    }
    this.#copies?.delete(number);
    return copy && { subscription, seqs: [copy.seq] };
  }

  /** Forgets events that need no ACK any more, of one subscription or of all. */
  settle(seqs: readonly number[], subscription?: StompSubscription): void {
    const settled = new Set(seqs);
    this.#remove((copy) => settled.has(copy.seq) && (subscription === undefined || copy.subscription === subscription));
  }

  /** Forgets the deliveries of a subscription that has ended. */
  forget(subscription: StompSubscription): void {
    this.#remove((copy) => copy.subscription === subscription);
  }

  #remove(matches: (copy: SentCopy, drawn: number) => boolean): SentCopy[] {
    const removed: SentCopy[] = [];
    for (const [drawn, copy] of this.#copies ?? []) {
      if (!matches(copy, drawn)) continue;
      this.#copies?.delete(drawn);
      removed.push(copy);
    }
    return removed;
  }
}
