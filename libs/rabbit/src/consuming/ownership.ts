import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, ConsumeOptions, Delivery, QueueOwnership } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';
import type { ChannelModel } from 'amqplib';
import type { Names } from '../queues/topology.js';
import { disclaim } from './queue-claim.js';
import type { Subscription } from './subscription.js';

const RELEASE_TIMEOUT_MS = 5_000;

/** The right to consume some queues. It ends with the connection, or when a channel of a consumer is lost. */
export class RabbitOwnership implements QueueOwnership {
  readonly #ending = new AbortController();
  readonly #subscriptions: Subscription[] = [];
  #released: Promise<void> | undefined;

  constructor(
    private readonly connection: ChannelModel,
    private readonly names: Names,
    private readonly name: string,
    private readonly open: (
      queue: string,
      options: ConsumeOptions,
      handle: (delivery: Delivery) => void,
      lost: () => void,
    ) => Promise<Subscription>,
    private readonly gone: () => void,
  ) {}

  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  async consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> {
    if (this.ended.aborted) throw engineFail.BUS_UNAVAILABLE('RabbitMQ: the right to consume the queue has ended');
    const subscription = await this.open(queue, options, handle, () => void this.release());
    this.#subscriptions.push(subscription);
    if (this.ended.aborted) await subscription.drop();
    return subscription;
  }

  /** Closes the channels, so that the broker requeues what they hold, and only then deletes the exclusive queue. */
  release(): Promise<void> {
    return (this.#released ??= this.#release());
  }

  /** Ends the right with its connection. */
  lost(): void {
    this.#ending.abort();
    this.gone();
  }

  async #release(): Promise<void> {
    if (this.ended.aborted) return;
    this.lost();
    const released = Promise.all(this.#subscriptions.map((subscription) => subscription.drop())).then(() =>
      disclaim(this.connection, this.names, this.name),
    );
    // amqplib never settles a promise whose connection is lost meanwhile, and the broker then releases the queues automatically
    await Promise.race([released, sleep(RELEASE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}
