import type { Consumer, Delivery } from '@sluice/engine';
import { type Log, pause, systemClock } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import type { ChannelModel } from 'amqplib';
import { describe } from '../connection/failure.js';
import { RECONNECT } from '../connection/link.js';
import type { Publisher } from '../publishing/publisher.js';
import type { RecentAcks } from './recent-acks.js';
import { Session } from './session.js';
import type { Names } from '../queues/topology.js';

export interface SubscriptionOptions {
  readonly queue: string;
  readonly names: Names;
  readonly publisher: Publisher;
  readonly acks: RecentAcks;
  readonly log: Log;
  readonly handle: (delivery: Delivery) => void;
  /** Makes the queue again when this host has declared it. */
  readonly redeclare: (queue: string) => Promise<boolean>;
  /** The broker has cancelled the consumer while it held so many deliveries. The queue is not made again before this resolves. */
  readonly cancelled: (queue: string, held: number) => Promise<void>;
}

/** A consumer that outlives its channels: when one is lost, or the broker cancels it, it consumes again on another, with back-off. */
export class Subscription implements Consumer {
  readonly #options: SubscriptionOptions;
  readonly #stopping = new AbortController();
  #prefetch: number;
  #connection: ChannelModel | undefined;
  #session: Session | undefined;

  constructor(options: SubscriptionOptions, prefetch: number) {
    this.#options = options;
    this.#prefetch = prefetch;
  }

  /** It was stopped, and nothing of it is held any more. */
  get finished(): boolean {
    return this.#stopping.signal.aborted && !this.#session?.alive;
  }

  /** Consumes on this connection from now on. Rejects when the queue cannot be consumed. */
  async open(connection: ChannelModel): Promise<void> {
    this.#connection = connection;
    await this.#consume(connection);
  }

  /** As `open`, but goes on trying as long as the connection stands. */
  async resume(connection: ChannelModel): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await this.open(connection).catch(() => void this.#again(connection));
  }

  /** The connection is gone, and all deliveries with it. */
  lost(): void {
    this.#connection = undefined;
    this.#session?.die();
    this.#session = undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#session?.stop();
  }

  async setPrefetch(count: number): Promise<void> {
    this.#prefetch = count;
    await this.#session?.setPrefetch(count);
  }

  /** Sends the acknowledgements that wait. */
  flush(): void {
    this.#session?.flush();
  }

  async #consume(connection: ChannelModel): Promise<void> {
    const { queue, names, publisher, acks, log, handle } = this.#options;
    this.#session = await Session.open(connection, {
      queue,
      physical: names.of(queue),
      prefetch: this.#prefetch,
      publisher,
      acks,
      log,
      handle,
      ended: (session) => void this.#replace(session, connection),
    });
    if (this.#stopping.signal.aborted) await this.#session.stop();
  }

  async #replace(session: Session, connection: ChannelModel): Promise<void> {
    const { queue, cancelled } = this.#options;
    if (session.cancelled) await cancelled(queue, session.held);
    if (this.#session === session) await this.#again(connection);
  }

  async #again(connection: ChannelModel): Promise<void> {
    const { queue, log, redeclare } = this.#options;
    this.#session = undefined;
    for (let attempt = 0; this.#connection === connection; attempt++) {
      await pause(systemClock, backoffMs(RECONNECT, attempt), this.#stopping.signal);
      if (this.#stopping.signal.aborted || this.#connection !== connection) return;
      try {
        await redeclare(queue);
        return await this.#consume(connection);
      } catch (error) {
        log.warn('cannot consume, trying again', { queue, reason: describe(error) });
      }
    }
  }
}
