import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, BusState, Consumer, ConsumeOptions, Delivery } from '@sluice/engine';
import type { Outgoing, QueueOwnership, QueueSpec, QueueStatus, UnroutedStatus } from '@sluice/engine';
import { engineFail, type Log } from '@sluice/plugin-api';
import type { Channel, ChannelModel } from 'amqplib';
import { readConsumerTimeout } from './consumer-timeout.js';
import { describe, REPLY, replyCode, toFailure } from './connection/failure.js';
import { Link } from './connection/link.js';
import { PublishCall } from './publishing/publish-call.js';
import { Publisher } from './publishing/publisher.js';
import { RabbitOwnership } from './consuming/ownership.js';
import { claimQueues } from './consuming/queue-claim.js';
import { RecentAcks } from './consuming/recent-acks.js';
import { claimSoleHost } from './queues/single-host-guard.js';
import { Subscription } from './consuming/subscription.js';
import { withChannel } from './queues/temporary-channel.js';
import { declareQueue, declareTopology, Names } from './queues/topology.js';
import { countUnrouted, moveUnrouted } from './queues/unrouted.js';

export interface RabbitBusOptions {
  /** `amqp://` or `amqps://`, with user, password and virtual host. */
  readonly url: string;
  /** Part of the names in the broker's list of connections. */
  readonly hostId: string;
  readonly log: Log;
  /** Prefix of the name of every exchange and queue, so that tests can share a broker. */
  readonly prefix?: string;
  /**
   * True: this host has an embedded database, so no other host may use the broker. False: other hosts may. In both cases `open` rejects
   * when a host that must be alone uses the broker. Absent: no check.
   */
  readonly soleHost?: boolean;
}

const TIMEOUT_MS = 2_000;
const CLOSE_MS = 5_000;
const CLOSE_POLL_MS = 10;
/** A queue that exists this long after its consumer was cancelled was not deleted. */
const MAX_DELETING_MS = 1_000;
const DELETING_POLL_MS = 50;

/**
 * The Bus over RabbitMQ. Publishing and consuming have a connection each: a broker in alarm stops reading from publishers, and
 * acknowledgements must still reach it.
 */
export class RabbitBus implements Bus {
  readonly engine = 'rabbitmq';
  readonly deliversSingly = true;
  readonly #options: RabbitBusOptions;
  readonly #names: Names;
  readonly #publisher: Publisher;
  readonly #specs = new Map<string, QueueSpec>();
  readonly #subscriptions = new Set<Subscription>();
  readonly #owned = new Set<RabbitOwnership>();
  readonly #calls = new Set<PublishCall>();
  readonly #acks = new RecentAcks();
  /** Messages that were ready in each queue when it was last counted, reported when somebody deletes the queue. */
  readonly #counted = new Map<string, { readonly waiting: number; readonly at: number }>();
  #consuming!: Link;
  #publishing!: Link;
  #closed = false;
  /** The last walk over `unrouted`. The next one waits for it, because a walk holds the messages. */
  #walk: Promise<unknown> = Promise.resolve();

  private constructor(options: RabbitBusOptions) {
    this.#options = options;
    this.#names = new Names(options.prefix ?? '');
    this.#publisher = new Publisher(this.#names, (queue) => this.#redeclare(queue));
  }

  /**
   * Connects and declares the topology.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached; `CONFIG_INVALID` when it refuses the user, has one of the queues with other
   *   arguments, or when a host that must be alone uses it
   */
  static async open(options: RabbitBusOptions): Promise<RabbitBus> {
    const bus = new RabbitBus(options);
    await bus.#connect();
    return bus;
  }

  async declare(spec: QueueSpec): Promise<void> {
    await this.#request(`queue ${spec.queue}`, (channel) => declareQueue(channel, this.#names, spec));
    const types = new Set([...(this.#specs.get(spec.queue)?.types ?? []), ...(spec.types ?? [])]);
    this.#specs.set(spec.queue, { ...spec, types: [...types] });
  }

  async publish(outgoing: readonly Outgoing[], options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#closed) throw engineFail.BUS_UNAVAILABLE('RabbitMQ: the bus is closed');
    if (outgoing.length === 0) return;
    const call = new PublishCall(outgoing.length, options.timeoutMs ?? TIMEOUT_MS, () => this.#reason());
    this.#calls.add(call);
    for (const out of outgoing) this.#publisher.send(out, call);
    try {
      await call.done;
    } catch (error) {
      this.#publisher.prune();
      throw error;
    } finally {
      this.#calls.delete(call);
    }
  }

  async consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> {
    const connection = await this.#consuming.up(TIMEOUT_MS);
    return this.#subscribe(connection, queue, options, handle);
  }

  async own(name: string, owned: readonly string[]): Promise<QueueOwnership | undefined> {
    const connection = await this.#consuming.up(TIMEOUT_MS);
    const claimed = await claimQueues(connection, this.#names, name, owned).catch((error: unknown) => {
      throw toFailure(`queue ${name}`, error);
    });
    if (!claimed) return undefined;
    const ownership: RabbitOwnership = new RabbitOwnership(
      connection,
      this.#names,
      name,
      (queue, options, handle, ended) => this.#subscribe(connection, queue, options, handle, ended),
      () => void this.#owned.delete(ownership),
    );
    this.#owned.add(ownership);
    return ownership;
  }

  async #subscribe(
    connection: ChannelModel,
    queue: string,
    options: ConsumeOptions,
    handle: (delivery: Delivery) => void,
    ended?: () => void,
  ): Promise<Subscription> {
    const subscription = new Subscription(
      {
        ...(ended && { ended }),
        ...(options.unlessOwned !== undefined && { unlessOwned: options.unlessOwned }),
        queue,
        names: this.#names,
        publisher: this.#publisher,
        acks: this.#acks,
        log: this.#options.log,
        handle,
        redeclare: (name) => this.#redeclare(name),
        cancelled: (name, held) => this.#onCancelled(name, held),
      },
      options.prefetch,
    );
    await subscription.open(connection).catch((error: unknown) => {
      throw toFailure(`cannot consume ${queue}`, error);
    });
    for (const old of this.#subscriptions) if (old.finished) this.#subscriptions.delete(old);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  state(): BusState {
    const down = this.#closed ? 'closed' : (this.#consuming.problem ?? this.#publishing.problem);
    if (down !== undefined) return { state: 'down', reason: down };
    const { blocked } = this.#publisher;
    return blocked === undefined ? { state: 'up' } : { state: 'blocked', reason: blocked };
  }

  async status(names: readonly string[]): Promise<readonly QueueStatus[]> {
    const found: QueueStatus[] = [];
    for (const queue of names) {
      const state = await this.#check(queue);
      if (state) found.push({ queue, waiting: state.messageCount, consumers: state.consumerCount });
    }
    return found;
  }

  unrouted(): Promise<readonly UnroutedStatus[]> {
    return this.#alone((connection) => countUnrouted(connection, this.#names));
  }

  replayUnrouted(types: readonly string[], queue: string): Promise<number> {
    return this.#alone((connection) =>
      moveUnrouted(connection, this.#names, types, queue, (outgoing) => this.publish(outgoing, { timeoutMs: 5 * TIMEOUT_MS })),
    );
  }

  async remove(queue: string): Promise<number> {
    this.#specs.delete(queue);
    return this.#request(`queue ${queue}`, async (channel) => (await channel.deleteQueue(this.#names.of(queue))).messageCount);
  }

  consumerTimeoutMs(): Promise<number | undefined> {
    return readConsumerTimeout(this.#options.url);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const end = Date.now() + CLOSE_MS;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
    while (!this.#publisher.idle && this.state().state === 'up' && Date.now() < end) {
      await sleep(CLOSE_POLL_MS);
    }
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription.flush();
    await sleep(this.#acks.msUntilApplied());
    for (const call of this.#calls) call.fail(engineFail.BUS_UNAVAILABLE('RabbitMQ: the bus was closed'));
    await this.#consuming.close();
    await this.#publishing.close();
  }

  async #connect(): Promise<void> {
    const { url, hostId, log } = this.#options;
    this.#consuming = await Link.open({
      url,
      log,
      name: `sluice ${hostId} consumes`,
      opened: (connection) => this.#openConsuming(connection),
      lost: () => {
        for (const ownership of [...this.#owned]) ownership.lost();
        for (const subscription of this.#subscriptions) subscription.lost();
      },
    });
    try {
      this.#publishing = await Link.open({
        url,
        log,
        name: `sluice ${hostId} publishes`,
        opened: (connection) => this.#openPublishing(connection),
        lost: () => this.#publisher.lost(),
      });
    } catch (error) {
      await this.#consuming.close();
      throw error;
    }
  }

  async #openConsuming(connection: ChannelModel): Promise<void> {
    const { soleHost } = this.#options;
    if (soleHost !== undefined) await claimSoleHost(connection, this.#names, soleHost);
    await withChannel(connection, async (channel) => {
      await declareTopology(channel, this.#names);
      for (const spec of this.#specs.values()) await declareQueue(channel, this.#names, spec);
    });
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.resume(connection)));
  }

  async #openPublishing(connection: ChannelModel): Promise<void> {
    await withChannel(connection, (channel) => declareTopology(channel, this.#names));
    await this.#publisher.open(connection);
  }

  /** Declares a queue again. Resolves with false when this host has never declared it. */
  async #redeclare(queue: string): Promise<boolean> {
    const spec = this.#specs.get(queue);
    if (!spec) return false;
    await this.#request(`queue ${queue}`, (channel) => declareQueue(channel, this.#names, spec));
    return true;
  }

  /** Runs a request on its own channel, on the consuming connection: the broker never stops reading that one. */
  async #request<T>(what: string, run: (channel: Channel) => Promise<T>): Promise<T> {
    const connection = await this.#consuming.up(TIMEOUT_MS);
    try {
      return await withChannel(connection, run);
    } catch (error) {
      throw toFailure(what, error);
    }
  }

  async #check(queue: string) {
    const connection = await this.#consuming.up(TIMEOUT_MS);
    try {
      const state = await withChannel(connection, (channel) => channel.checkQueue(this.#names.of(queue)));
      this.#counted.set(queue, { waiting: state.messageCount, at: Date.now() });
      return state;
    } catch (error) {
      const code = replyCode(error);
      // locked: the exclusive queue of another host, whose length cannot be read
      if (code === REPLY.notFound || code === REPLY.resourceLocked) return undefined;
      throw toFailure(`queue ${queue}`, error);
    }
  }

  /** Logs the known losses of a deleted queue. Held deliveries are processed as usual. Never rejects. */
  async #onCancelled(queue: string, held: number): Promise<void> {
    const { log } = this.#options;
    const last = this.#counted.get(queue);
    try {
      if (!(await this.#isGone(queue))) return log.warn('consumer cancelled by RabbitMQ, consuming again', { queue, held });
      log.error(
        `queue ${queue} was deleted on RabbitMQ: its waiting messages are lost, those in this host are processed; it is declared again`,
        {
          queue,
          held,
          ...(last && { waitedWhenLastCounted: last.waiting, countedSecondsAgo: Math.round((Date.now() - last.at) / 1_000) }),
        },
      );
    } catch (error) {
      log.warn('consumer cancelled by RabbitMQ', { queue, held, reason: describe(error) });
    }
  }

  /** Returns whether the queue was deleted. RabbitMQ 4 cancels the consumers of a queue shortly before it deletes the queue. */
  async #isGone(queue: string): Promise<boolean> {
    for (const end = Date.now() + MAX_DELETING_MS; await this.#check(queue); await sleep(DELETING_POLL_MS)) {
      if (Date.now() >= end) return false;
    }
    return true;
  }

  #alone<T>(run: (connection: ChannelModel) => Promise<T>): Promise<T> {
    const walk = this.#walk
      .catch(() => undefined)
      .then(async () => run(await this.#consuming.up(TIMEOUT_MS)))
      .catch((error: unknown) => {
        throw toFailure('queue unrouted', error);
      });
    this.#walk = walk;
    return walk;
  }

  #reason(): string {
    const state = this.state();
    return state.state === 'up' ? 'RabbitMQ is slow' : `RabbitMQ is ${state.state}: ${state.reason}`;
  }
}
