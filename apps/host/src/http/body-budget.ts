/** Bounds, in bytes, of the request bodies that are being received or processed at the same time. */
export interface BodyLimits {
  readonly perSender: number;
  readonly total: number;
}

/** Bytes that one request holds in a {@link BodyBudget}. */
export interface BodyReservation {
  /** Lowers the reservation to the size that was really received. */
  shrinkTo(bytes: number): void;
  /** Returns the bytes to the budget. A second call does nothing. */
  release(): void;
}

/** Counts the bytes of request bodies per sender and in all, so that unfinished requests cannot fill the memory. */
export class BodyBudget {
  readonly #bySender = new Map<string, number>();
  #total = 0;

  constructor(private readonly limits: BodyLimits) {}

  /**
   * Reserves room for a body before its first byte is read.
   * @param sender an address, or the name of a user
   * @param bytes the declared size, or the largest allowed size when the sender declares none
   * @returns undefined when the sender, or all senders together, would exceed the budget
   */
  reserve(sender: string, bytes: number): BodyReservation | undefined {
    const own = this.#bySender.get(sender) ?? 0;
    if (own + bytes > this.limits.perSender || this.#total + bytes > this.limits.total) return undefined;
    let held = 0;
    const hold = (size: number) => {
      this.#add(sender, size - held);
      held = size;
    };
    hold(bytes);
    return { shrinkTo: (size) => hold(Math.min(held, size)), release: () => hold(0) };
  }

  #add(sender: string, bytes: number): void {
    this.#total += bytes;
    const own = (this.#bySender.get(sender) ?? 0) + bytes;
    if (own > 0) this.#bySender.set(sender, own);
    else this.#bySender.delete(sender);
  }
}
