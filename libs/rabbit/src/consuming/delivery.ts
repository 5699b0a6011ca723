import type { Delivery, Outgoing } from '@sluice/engine';
import type { EventMessage, SluiceError } from '@sluice/plugin-api';
import type { Publisher, Sender } from '../publishing/publisher.js';

/** Pause before a delivery whose outputs could not be published returns to its queue. Without it the delivery would loop at full speed. */
const RELEASE_AFTER_MS = 1_000;

/** The consumer session that owns a delivery. */
export interface DeliveryOwner {
  /** False once its channel has closed: the broker redelivers. */
  readonly alive: boolean;
  /** True after the broker cancelled the consumer: deliveries can still be settled. */
  readonly cancelled: boolean;
  readonly publisher: Publisher;
  /** Acknowledges the delivery. */
  finish(tag: number): void;
  /** Returns the delivery to its queue. */
  release(tag: number): void;
}

/** One delivered message. While it is being settled, it is also the sender of its outputs. */
export class RabbitDelivery implements Delivery, Sender {
  readonly queue: string;
  readonly message: EventMessage;
  readonly redelivered: number;
  readonly #session: DeliveryOwner;
  readonly #tag: number;
  #left = 0;
  #failed = false;
  #settled: ((done: boolean) => void) | undefined;

  constructor(
    session: DeliveryOwner,
    queue: string,
    tag: number,
    message: EventMessage,
    redelivered: number,
    readonly deadLettered: boolean,
  ) {
    this.#session = session;
    this.#tag = tag;
    this.queue = queue;
    this.message = message;
    this.redelivered = redelivered;
  }

  get wanted(): boolean {
    return !this.lost;
  }

  get lost(): boolean {
    return !this.#session.alive && !this.#session.cancelled;
  }

  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void {
    this.#settled = settled;
    if (outputs.length === 0 || this.lost) return this.#end();
    this.#left = outputs.length;
    for (const out of outputs) this.#session.publisher.send(out, this);
  }

  release(): void {
    // a message returned to a deleted queue would be lost, so it is published like an output: acknowledged after its confirm
    if (this.#session.cancelled) this.settle([{ queue: this.queue, message: this.message }]);
    else if (this.#session.alive) this.#session.release(this.#tag);
  }

  confirmed(problem?: SluiceError): void {
    if (problem) this.#failed = true;
    this.#left -= 1;
    if (this.#left === 0) this.#end();
  }

  #end(): void {
    const done = !this.lost && !this.#failed;
    if (done) this.#session.finish(this.#tag);
    else if (!this.lost) setTimeout(() => this.release(), RELEASE_AFTER_MS).unref();
    this.#failed = false;
    try {
      this.#settled?.(done);
    } catch {
      // an error of the caller does not matter here: the message is settled already
    }
  }
}
