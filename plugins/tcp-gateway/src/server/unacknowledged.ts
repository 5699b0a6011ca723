import { stompFail } from './failures.js';
import type { StompSubscription } from './subscription.js';

/** Header `ack` of what is sent at most once: to acknowledge it changes nothing. */
export const NOTHING_TO_ACKNOWLEDGE = 0;

/** A place in the mailbox, as it was sent to one subscription. */
interface Copy {
  readonly seq: number;
  readonly subscription: StompSubscription;
}

/** The places in the mailbox that an ACK or NACK answers, of one subscription. */
export interface Answered {
  readonly subscription: StompSubscription;
  readonly seqs: readonly number[];
}

/** What one session was sent from its user's mailbox and has not answered. The header `ack` of a delivery is its number here. */
export class Unacknowledged {
  #drawn = NOTHING_TO_ACKNOWLEDGE;
  /** By number, in the order of sending. */
  #copies: Map<number, Copy> | undefined;

  get size(): number {
    return this.#copies?.size ?? 0;
  }

  /** A number for the header. Without a place in the mailbox nothing is kept for it. */
  draw(seq: number | undefined, subscription: StompSubscription): number {
    this.#drawn++;
    if (seq !== undefined) (this.#copies ??= new Map()).set(this.#drawn, { seq, subscription });
    return this.#drawn;
  }

  /**
   * Takes what an ACK or NACK with this header `id` answers. With `ack:client` these are also the earlier deliveries of the same subscription.
   *
   * @param only the session's subscription to its user's events, when it has one of them: it answers for a number that was settled meanwhile
   * @returns undefined when there is nothing left to answer
   * @throws `STOMP_ACK` for a number that was never sent
   */
  take(id: string, only: StompSubscription | undefined): Answered | undefined {
    const number = /^\d{1,15}$/.test(id) ? Number(id) : Infinity;
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

  #remove(leaves: (copy: Copy, drawn: number) => boolean): Copy[] {
    const removed: Copy[] = [];
    for (const [drawn, copy] of this.#copies ?? []) {
      if (!leaves(copy, drawn)) continue;
      this.#copies?.delete(drawn);
      removed.push(copy);
    }
    return removed;
  }
}
