import type { Consumer, Delivery } from '@sluice/engine';
import { type Log, pause, systemClock } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import type { ChannelModel } from 'amqplib';
import { describe } from '../connection/failure.js';
import { RECONNECT } from '../connection/link.js';
import type { Publisher } from '../publishing/publisher.js';
import type { RecentAcks } from './recent-acks.js';
import { claimQueues, disclaim } from './queue-claim.js';
import { Session } from './session.js';
import type { Names } from '../queues/topology.js';

export interface SubscriptionOptions {
  readonly queue: string;
  readonly names: Names;
  readonly publisher: Publisher;
  readonly acks: RecentAcks;
  readonly log: Log;
  readonly handle: (delivery: Delivery) => void;
  /** Declares the queue again if this host has declared it before. Resolves with whether it did. */
  readonly redeclare: (queue: string) => Promise<boolean>;
  /**
   * Called when the broker has cancelled the consumer, with the number of held deliveries. The queue is declared again after it resolves.
   */
  readonly cancelled: (queue: string, held: number) => Promise<void>;
  /** Called when a channel was lost or the broker has cancelled the consumer, which then ends. Absent: it consumes again. */
  readonly ended?: () => void;
  /** Name of the right whose owner must consume alone. Absent: the queue has no owner. */
  readonly unlessOwned?: string;
}

/** Another host owns the queue, or begins to consume it at this moment. */
class QueueOwned extends Error {
  constructor(queue: string) {
    super(
      `another host takes the messages of ${queue} in an order (deliver.key, deliver.concurrency), which this host would break: stop that host, or run both with the same files`,
    );
  }
}

/**
 * A consumer that outlives its channels: when a channel is lost or the broker cancels the consumer, it consumes on a new channel, with
 * backoff.
 */
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

  /** True when it was stopped and holds no delivery. */
  get finished(): boolean {
    return this.#stopping.signal.aborted && !this.#session?.alive;
  }

  /** Consumes on this connection from now on, or as soon as no host owns the queue. Rejects when the queue cannot be consumed. */
  async open(connection: ChannelModel): Promise<void> {
    this.#connection = connection;
    await this.#consume(connection).catch((error: unknown) => {
      if (!(error instanceof QueueOwned)) throw error;
      void this.#again(connection);
    });
  }

  /** Like `open`, but tries again while the connection is up. */
  async resume(connection: ChannelModel): Promise<void> {
    if (this.#stopping.signal.aborted || this.#options.ended) return;
    await this.open(connection).catch(() => void this.#again(connection));
  }

  /** Drops the session and its deliveries after the connection is lost. */
  lost(): void {
    if (this.#options.ended) this.#stopping.abort();
    this.#connection = undefined;
    this.#session?.die();
    this.#session = undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#session?.stop();
  }

  /** Stops and closes the channel: the broker requeues held deliveries. Never rejects. */
  async drop(): Promise<void> {
    this.#stopping.abort();
    await this.#session?.drop();
  }

  async setPrefetch(count: number): Promise<void> {
    this.#prefetch = count;
    await this.#session?.setPrefetch(count);
  }

  /** Sends the acknowledgements that wait for their batch. */
  flush(): void {
    this.#session?.flush();
  }

  /** An owner begins when the queue has no consumer: while this host holds its lock, no owner can begin before this consumer is counted. */
  async #consume(connection: ChannelModel): Promise<void> {
    const { queue, names, unlessOwned } = this.#options;
    if (unlessOwned === undefined) return this.#open(connection);
    if (!(await claimQueues(connection, names, unlessOwned, []))) throw new QueueOwned(queue);
    try {
      await this.#open(connection);
    } finally {
      await disclaim(connection, names, unlessOwned);
    }
  }

  async #open(connection: ChannelModel): Promise<void> {
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
    const { queue, cancelled, ended } = this.#options;
    if (ended) return ended();
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
