import { randomBytes } from 'node:crypto';
import { stompFail } from './failures.js';
import type { StompSubscription } from './subscription.js';

/** Sessions of other hosts, and of this host before it was restarted, have the same ids as those of this process. */
const PROCESS = randomBytes(6).toString('base64url');

/** Process, session and number. */
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
 * What one session was sent from its user's mailbox and has not answered. The header `ack` of a delivery names the session and counts its
 * deliveries: a client that acknowledges after a reconnect what it got before must not acknowledge another event by that.
 */
export class Unacknowledged {
  #drawn = 0;
  /** By number, in the order of sending. */
  #copies: Map<number, SentCopy> | undefined;
  readonly #session: string;

  /** @param session id of the session, unique in this process */
  constructor(session: string) {
    this.#session = `${PROCESS}.${session}`;
  }

  /** Header `ack` of messages of a topic, which wait for no answer: an ACK of one acknowledges no event that was sent before it. */
  get nothing(): string {
    return `${this.#session}.0`;
  }

  get size(): number {
    return this.#copies?.size ?? 0;
  }

  /** Returns the header `ack` of a delivery. Without a place in the mailbox nothing is kept for it. */
  draw(seq: number | undefined, subscription: StompSubscription): string {
    this.#drawn++;
    if (seq !== undefined) (this.#copies ??= new Map()).set(this.#drawn, { seq, subscription });
    return `${this.#session}.${this.#drawn}`;
  }

  /**
   * Takes what an ACK or NACK with this header `id` answers. With `ack:client` these are also the earlier deliveries of the same subscription.
   *
   * @param only the session's subscription to its user's events, when it has one of them: it answers for a number that was settled meanwhile
   * @returns undefined when there is nothing left to answer, and for an id of another session: its event waits and is delivered again
   * @throws `STOMP_ACK` for an id that was never sent
   */
  take(id: string, only: StompSubscription | undefined): AcknowledgedEvents | undefined {
    const [, session, digits] = ACK_ID.exec(id) ?? [];
    const number = Number(digits ?? Infinity);
    if (session !== undefined && session !== this.#session) return undefined;
    if (number > this.#drawn) throw stompFail.STOMP_ACK('no MESSAGE of this session had this id in its header ack');
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

  /** Forgets events that nobody has to answer any more, of one subscription or of all. */
  settle(seqs: readonly number[], subscription?: StompSubscription): void {
    const settled = new Set(seqs);
    this.#remove((copy) => settled.has(copy.seq) && (subscription === undefined || copy.subscription === subscription));
  }

  /** Forgets what a subscription was sent that has ended. */
  forget(subscription: StompSubscription): void {
    this.#remove((copy) => copy.subscription === subscription);
  }

  #remove(leaves: (copy: SentCopy, drawn: number) => boolean): SentCopy[] {
    const removed: SentCopy[] = [];
    for (const [drawn, copy] of this.#copies ?? []) {
      if (!leaves(copy, drawn)) continue;
      this.#copies?.delete(drawn);
      removed.push(copy);
    }
    return removed;
  }
}
