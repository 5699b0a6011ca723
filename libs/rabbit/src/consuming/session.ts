import type { Delivery } from '@sluice/engine';
import type { Log } from '@sluice/plugin-api';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { AckWindow } from './ack-window.js';
import { RabbitDelivery } from './delivery.js';
import { decodeMessage, readDeadLettered, readNotBefore, readRedelivered } from '../publishing/envelope.js';
import { describe } from '../connection/failure.js';
import { rungFor } from '../queues/delay-queues.js';
import type { Publisher } from '../publishing/publisher.js';
import type { RecentAcks } from './recent-acks.js';
import { closeQuietly } from '../queues/temporary-channel.js';

export interface SessionOptions {
  readonly queue: string;
  /** Name of the queue on the broker. */
  readonly physical: string;
  readonly prefetch: number;
  readonly publisher: Publisher;
  readonly acks: RecentAcks;
  readonly log: Log;
  readonly handle: (delivery: Delivery) => void;
  /** Called once when the channel has closed or the broker has cancelled the consumer, but not after `stop` or `die`. */
  readonly ended: (session: Session) => void;
}

/**
 * One channel with one consumer, until either is lost. Deliveries can be settled while the channel is open. After the broker has cancelled
 * the consumer, the queue may be deleted and the held deliveries may be the only copies. They can then be settled even when the channel has
 * closed, and a release publishes the message to its queue again.
 */
export class Session {
  readonly publisher: Publisher;
  readonly #channel: Channel;
  readonly #options: SessionOptions;
  readonly #window: AckWindow;
  #consumerTag = '';
  #prefetch = 0;
  #wanted = 0;
  #changing: Promise<void> = Promise.resolve();
  #alive = true;
  #stopped = false;
  #cancelled = false;

  private constructor(channel: Channel, options: SessionOptions) {
    this.#channel = channel;
    this.#options = options;
    this.publisher = options.publisher;
    this.#window = new AckWindow(options.prefetch, (tag, upTo) => {
      options.acks.sent();
      this.#send(() => channel.ack(tagged(tag), upTo));
    });
  }

  static async open(connection: ChannelModel, options: SessionOptions): Promise<Session> {
    const channel = await connection.createChannel();
    const session = new Session(channel, options);
    channel.on('error', (error) =>
      options.log.warn('channel closed by RabbitMQ', { queue: options.queue, reason: error.message }),
    );
    channel.on('close', () => session.#end());
    await session.#consume(options.prefetch);
    return session;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** True after the broker has cancelled the consumer: held messages may not be in any queue. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Number of deliveries that are neither settled nor released. */
  get held(): number {
    return this.#window.held;
  }

  /** Acknowledges a delivery whose outputs are all confirmed. The message leaves its queue. */
  finish(tag: number): void {
    this.#window.finish(tag);
    this.#closeIfDone();
  }

  /** Returns a delivery to its queue. */
  release(tag: number): void {
    this.#window.skip(tag);
    this.#send(() => this.#channel.nack(tagged(tag), false, true));
    this.#closeIfDone();
  }

  /** Sends the acknowledgements that wait for their batch. */
  flush(): void {
    if (this.#alive) this.#window.flush();
  }

  /** Replaces the consumer by another on the same channel, because RabbitMQ applies a prefetch only to consumers that start afterwards. */
  setPrefetch(count: number): Promise<void> {
    this.#wanted = count;
    // changes run one after another: two at once would cancel one consumer twice and leave another running
    this.#changing = this.#changing.then(() => this.#changePrefetch());
    return this.#changing;
  }

  /** Stops the consumer. The channel stays open until the held deliveries are settled or released. */
  async stop(): Promise<void> {
    if (!this.#alive || this.#stopped) return;
    this.#stopped = true;
    await this.#changing.catch(() => undefined);
    await this.#channel.cancel(this.#consumerTag).catch(() => undefined);
    this.#closeIfDone();
  }

  /** Closes the channel: the broker requeues held deliveries, and settling them has no effect. */
  async drop(): Promise<void> {
    if (!this.#alive) return;
    this.#stopped = true;
    this.#window.flush();
    this.die();
    await closeQuietly(this.#channel);
  }

  /** Ends the session after its connection is lost. Settling has no effect from then on: the broker redelivers the held messages. */
  die(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#window.close();
    this.publisher.prune();
  }

  async #changePrefetch(): Promise<void> {
    const count = this.#wanted;
    if (!this.#alive || this.#stopped || this.#cancelled || count === this.#prefetch) return;
    await this.#channel.cancel(this.#consumerTag);
    this.#window.setPrefetch(count);
    if (!this.#stopped) await this.#consume(count);
  }

  async #consume(prefetch: number): Promise<void> {
    this.#prefetch = prefetch;
    await this.#channel.prefetch(prefetch);
    const { consumerTag } = await this.#channel.consume(this.#options.physical, (message) => this.#take(message));
    this.#consumerTag = consumerTag;
  }

  /** Must not throw: amqplib closes the connection when its callback throws. */
  #take(message: ConsumeMessage | null): void {
    if (message === null) return this.#onCancel();
    this.#window.add();
    const delivery = this.#deliver(message);
    if (this.#stopped) return delivery.release();
    if (this.#delayAgain(message, delivery)) return;
    try {
      this.#options.handle(delivery);
    } catch (error) {
      this.#options.log.error('the consumer failed, its delivery is returned to the queue', {
        queue: this.#options.queue,
        reason: describe(error),
      });
      delivery.release();
    }
  }

  /** Called when the queue was deleted or its leader moved. The channel stays open for the held deliveries, as after `stop`. */
  #onCancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    if (!this.#stopped) this.#options.ended(this);
    this.#closeIfDone();
  }

  #deliver(message: ConsumeMessage): RabbitDelivery {
    return new RabbitDelivery(
      this,
      this.#options.queue,
      message.fields.deliveryTag,
      decodeMessage(message),
      readRedelivered(message),
      readDeadLettered(message),
    );
  }

  /** Delays a message again that is not due when it leaves its delay queue. Returns whether it did. */
  #delayAgain(message: ConsumeMessage, delivery: RabbitDelivery): boolean {
    const notBefore = readNotBefore(message.properties);
    if (notBefore === undefined || !rungFor(notBefore - Date.now())) return false;
    delivery.settle([{ message: delivery.message, queue: this.#options.queue, notBefore }]);
    return true;
  }

  #end(): void {
    const ended = this.#alive && !this.#stopped && !this.#cancelled;
    this.die();
    if (ended) this.#options.ended(this);
  }

  #closeIfDone(): void {
    if (!(this.#stopped || this.#cancelled) || !this.#alive || this.#window.held > 0) return;
    this.#window.flush();
    this.die();
    setTimeout(() => void closeQuietly(this.#channel), this.#options.acks.msUntilApplied());
  }

  /** Sends a frame. amqplib throws for a channel that has just closed; the frame has no purpose then. */
  #send(frame: () => void): void {
    if (!this.#alive) return;
    try {
      frame();
    } catch {
      this.#end();
    }
  }
}

/** Returns the part of a message that amqplib reads to acknowledge it. */
function tagged(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}
