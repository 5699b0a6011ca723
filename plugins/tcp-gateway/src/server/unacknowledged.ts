import { stompFail } from './failures.js';

/** Header `ack` of what is sent at most once: to acknowledge it changes nothing. */
export const NOTHING_TO_ACKNOWLEDGE = 0;

/** What one session was sent from its user's mailbox and has not answered. The header `ack` of a delivery is its number here. */
export class Unacknowledged {
  #drawn = NOTHING_TO_ACKNOWLEDGE;
  /** Places in the mailbox by number, in the order of sending. */
  #seqs: Map<number, number> | undefined;

  get size(): number {
    return this.#seqs?.size ?? 0;
  }

  /** A number for the header. Without a place in the mailbox nothing is kept for it. */
  draw(seq: number | undefined): number {
    this.#drawn++;
    if (seq !== undefined) (this.#seqs ??= new Map()).set(this.#drawn, seq);
    return this.#drawn;
  }

  /**
   * The places that an ACK or NACK with this header `id` answers, of which there are none when they have been answered before.
   * Throws `STOMP_ACK` for a number that was never sent.
   */
  take(id: string, cumulative: boolean): number[] {
    const number = /^\d{1,15}$/.test(id) ? Number(id) : Infinity;
    if (number > this.#drawn) throw stompFail.STOMP_ACK('no MESSAGE of this session had this id in its header ack');
    const taken: number[] = [];
    for (const [drawn, seq] of cumulative ? this.#upTo(number) : this.#only(number)) {
      this.#seqs?.delete(drawn);
      taken.push(seq);
    }
    return taken;
  }

  clear(): void {
    this.#seqs = undefined;
  }

  #only(number: number): [number, number][] {
    const seq = this.#seqs?.get(number);
    return seq === undefined ? [] : [[number, seq]];
  }

  #upTo(number: number): [number, number][] {
    return [...(this.#seqs ?? [])].filter(([drawn]) => drawn <= number);
  }
}
