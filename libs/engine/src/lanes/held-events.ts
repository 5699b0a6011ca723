import type { Delivery, Outgoing } from '../ports/bus.js';

/** Maximum number of events that a host holds of a flow with a key while they are small. */
export const MAX_SMALL_EVENTS = 256;

export interface HeldEventsOptions {
  /** Number of events of any size that the host may hold. */
  readonly few: number;
  /** Maximum bytes of the bodies of more events than that. */
  readonly maxBytes: number;
  /** Called when the last {@link MAX_SMALL_EVENTS} events were small, so that as many may be held. */
  readonly small: () => void;
  /** Called once, with an event that exceeds `maxBytes`: it and all later ones are dropped from memory, so all must be taken anew. */
  readonly exceeded: () => void;
}

/**
 * Bounds the events of one consumer by their bytes: a few of any size, or many small ones. Guarantee: beyond a number of `few`, the bodies of
 * the events that are held have at most `maxBytes` together. The consumer must deliver one event at a time, in order.
 */
export class HeldEvents {
  #count = 0;
  #bytes = 0;
  /** Number of events since the last large one. */
  #small = 0;
  #isOver = false;

  constructor(private readonly options: HeldEventsOptions) {}

  /** Passes the event on, unless it is one too many. It counts until it is settled or released. */
  take(delivery: Delivery, take: (delivery: Delivery) => void): void {
    if (this.#isOver) return;
    const { few, maxBytes, small, exceeded } = this.options;
    const bytes = delivery.message.body.length;
    if (this.#count >= few && this.#bytes + bytes > maxBytes) {
      this.#isOver = true;
      return exceeded();
    }
    this.#count++;
    this.#bytes += bytes;
    this.#small = bytes <= maxBytes / MAX_SMALL_EVENTS ? this.#small + 1 : 0;
    if (this.#small % MAX_SMALL_EVENTS === 0 && this.#small > 0) small();
    take(
      new HeldEvent(delivery, () => {
        this.#count--;
        this.#bytes -= bytes;
      }),
    );
  }
}

/** A delivery that reports its end. */
class HeldEvent implements Delivery {
  readonly queue: string;
  readonly message: Delivery['message'];
  readonly redelivered: number;

  constructor(
    private readonly delivery: Delivery,
    private readonly ended: () => void,
  ) {
    this.queue = delivery.queue;
    this.message = delivery.message;
    this.redelivered = delivery.redelivered;
  }

  get lost(): boolean {
    return this.delivery.lost;
  }

  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void {
    this.delivery.settle(outputs, (done) => {
      this.ended();
      settled?.(done);
    });
  }

  release(): void {
    this.delivery.release();
    this.ended();
  }
}
