import { queues, type Bus, type BusState, type Consumer, type ConsumeOptions, type Delivery } from '@sluice/engine';
import type { Outgoing, QueueOwnership, QueueSpec, QueueStatus, UnroutedStatus } from '@sluice/engine';
import { engineFail, systemClock, type Clock } from '@sluice/plugin-api';
import { MemoryQueue, type Entry, type Taker } from './memory-queue.js';

/**
 * A broker in the memory of the process: the queues that several hosts share. It passes the same conformance suite as the real
 * brokers. Nothing is persisted.
 */
export class MemoryBroker {
  readonly #queues = new Map<string, MemoryQueue>();
  /** Durable queues that were removed; their consumers and held deliveries stay attached. */
  readonly #removed = new Map<string, MemoryQueue>();
  readonly #buses = new Set<MemoryBus>();
  #state: BusState = { state: 'up' };

  constructor(readonly clock: Clock = systemClock) {
    this.#queues.set(queues.unrouted, new MemoryQueue(queues.unrouted, clock));
  }

  /** Opens the connection of one more host. */
  connect(): MemoryBus {
    const bus = new MemoryBus(this);
    if (this.#buses.size === 0) for (const queue of this.#all()) queue.resume();
    this.#buses.add(bus);
    return bus;
  }

  /** Returns whether the broker runs, and the reason if it does not. */
  state(): BusState {
    return this.#state;
  }

  /** Refuses everything until `start`, and returns held deliveries to their queues, as the death of a real broker does. */
  stop(reason = 'stopped by the test'): void {
    this.#state = { state: 'down', reason };
    for (const bus of this.#buses) bus.lose();
    for (const queue of this.#queues.values()) if (queue.owner !== undefined) queue.clear();
  }

  /** Starts the broker again after `stop`. */
  start(): void {
    this.#state = { state: 'up' };
    for (const bus of this.#buses) bus.regain();
  }

  /** Removes a connection: its deliveries return to their queues and its exclusive queues vanish. */
  disconnect(bus: MemoryBus): void {
    if (!this.#buses.delete(bus)) return;
    for (const [name, queue] of this.#queues) if (queue.owner === bus) this.#queues.delete(name);
    if (this.#buses.size === 0) for (const queue of this.#all()) queue.suspend();
  }

  /** Makes this connection the only one that takes messages of the queues, and takes the deliveries of the others away. */
  own(names: readonly string[], owner: MemoryBus): void {
    for (const name of names) {
      const queue = this.#queues.get(name);
      if (!queue) continue;
      queue.only = owner;
      for (const bus of this.#buses) if (bus !== owner) bus.loseHeld(queue);
      queue.wake();
    }
  }

  /** Lets every connection take messages again. */
  disown(names: readonly string[], owner: MemoryBus): void {
    for (const name of names) {
      const queue = this.#queues.get(name);
      if (queue?.only !== owner) continue;
      queue.only = undefined;
      queue.wake();
    }
  }

  /** Returns a queue by name. */
  queue(name: string): MemoryQueue | undefined {
    return this.#queues.get(name);
  }

  /** Creates a queue if it is missing, and binds it to the types. */
  declare(spec: QueueSpec, owner: MemoryBus): void {
    const queue =
      this.#queues.get(spec.queue) ??
      this.#removed.get(spec.queue) ??
      new MemoryQueue(spec.queue, this.clock, spec.exclusive ? owner : undefined, spec.peers);
    this.#queues.set(spec.queue, queue);
    for (const type of spec.types ?? []) queue.patterns.add(type);
  }

  /** Removes a queue and returns how many messages were waiting in it. */
  remove(name: string): number {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    if (queue === undefined) return 0;
    queue.patterns.clear();
    if (queue.owner === undefined) this.#removed.set(name, queue);
    return queue.clear();
  }

  /** Returns how many delayed messages have not entered the queue yet. */
  delayed(name: string): number {
    return this.#queues.get(name)?.delayed ?? 0;
  }

  /** Publishes all messages or none. Throws `BUS_UNAVAILABLE` when a queue is missing or the broker is stopped. */
  publish(outgoing: readonly Outgoing[]): void {
    if (this.#state.state !== 'up')
      throw engineFail.BUS_UNAVAILABLE(`the memory broker is ${this.#state.state}: ${this.#state.reason}`);
    const missing = outgoing.find(({ queue, droppable }) => queue !== undefined && !droppable && !this.#exists(queue));
    if (missing) throw engineFail.BUS_UNAVAILABLE(`queue ${missing.queue} does not exist`);
    for (const out of outgoing) this.#put(out);
  }

  #all(): readonly MemoryQueue[] {
    return [...this.#queues.values(), ...this.#removed.values()];
  }

  #put({ message, queue: name, notBefore }: Outgoing): void {
    for (const queue of this.#targets(name, message.attributes.type)) queue?.put(message, notBefore);
  }

  #targets(name: string | undefined, type: string): readonly (MemoryQueue | undefined)[] {
    if (name === undefined) return this.#bound(type);
    return name === queues.peers ? [...this.#queues.values()].filter((queue) => queue.peers) : [this.#queues.get(name)];
  }

  #exists(queue: string): boolean {
    return queue === queues.peers || this.#queues.has(queue);
  }

  #bound(type: string): MemoryQueue[] {
    const bound = [...this.#queues.values()].filter((queue) => queue.wants(type));
    const unrouted = this.#queues.get(queues.unrouted);
    return bound.length > 0 || !unrouted ? bound : [unrouted];
  }
}

/** One host's connection to a {@link MemoryBroker}. */
export class MemoryBus implements Bus {
  readonly engine = 'memory';
  readonly deliversSingly = true;
  readonly #takers = new Map<Taker, MemoryQueue>();
  readonly #exclusive: QueueSpec[] = [];
  readonly #owned = new Set<MemoryOwnership>();
  #closed = false;

  constructor(readonly broker: MemoryBroker) {}

  async declare(spec: QueueSpec): Promise<void> {
    this.#open();
    this.broker.declare(spec, this);
    if (spec.exclusive) this.#exclusive.push(spec);
  }

  async publish(outgoing: readonly Outgoing[]): Promise<void> {
    this.#open();
    this.broker.publish(outgoing);
  }

  async consume(name: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> {
    return this.attach(name, options, handle, false);
  }

  /** @param owns true for a consumer of the owner of the queue */
  async attach(name: string, options: ConsumeOptions, handle: (delivery: Delivery) => void, owns: boolean): Promise<Consumer> {
    this.#open();
    const queue = this.broker.queue(name);
    if (!queue) throw engineFail.BUS_UNAVAILABLE(`queue ${name} does not exist: declare it first`);
    const taker: Taker = {
      bus: this,
      owns,
      prefetch: options.prefetch,
      held: new Set(),
      connected: () => this.state().state === 'up',
      take: (entry) => {
        const delivery = new MemoryDelivery(this.broker, queue, taker, entry);
        try {
          handle(delivery);
        } catch {
          delivery.release();
        }
      },
    };
    this.#takers.set(taker, queue);
    queue.attach(taker);
    return {
      stop: async () => queue.detach(taker),
      setPrefetch: async (count) => {
        taker.prefetch = count;
        queue.wake();
      },
    };
  }

  async own(_name: string, owned: readonly string[]): Promise<QueueOwnership | undefined> {
    this.#open();
    this.broker.own(owned, this);
    const ownership = new MemoryOwnership(this, owned, () => void this.#owned.delete(ownership));
    this.#owned.add(ownership);
    return ownership;
  }

  /** Returns the deliveries of this queue that the connection holds: they cannot be settled any more. */
  loseHeld(queue: MemoryQueue): void {
    for (const [taker, from] of this.#takers)
      if (from === queue) for (const entry of [...taker.held]) queue.giveBack(taker, entry);
  }

  state(): BusState {
    return this.#closed ? { state: 'down', reason: 'closed' } : this.broker.state();
  }

  async status(names: readonly string[]): Promise<readonly QueueStatus[]> {
    this.#open();
    return names.flatMap((name) => this.broker.queue(name)?.status() ?? []);
  }

  async unrouted(): Promise<readonly UnroutedStatus[]> {
    this.#open();
    return this.broker.queue(queues.unrouted)?.countByType() ?? [];
  }

  async replayUnrouted(types: readonly string[], name: string): Promise<number> {
    this.#open();
    if (!this.broker.queue(name)) throw engineFail.BUS_UNAVAILABLE(`queue ${name} does not exist: declare it first`);
    const moved = this.broker.queue(queues.unrouted)?.extract(types) ?? [];
    this.broker.publish(moved.map((message) => ({ message, queue: name })));
    return moved.length;
  }

  async remove(name: string): Promise<number> {
    this.#open();
    return this.broker.remove(name);
  }

  async close(): Promise<void> {
    this.crash();
  }

  /** Simulates the death of the host: no delivery is settled, and held deliveries go to other hosts. */
  crash(): void {
    this.#closed = true;
    for (const [taker, queue] of this.#takers) queue.detach(taker);
    this.lose();
    this.broker.disconnect(this);
  }

  /** Simulates the loss of the connection: held deliveries return to their queues, and settling them has no effect. */
  lose(): void {
    for (const ownership of [...this.#owned]) ownership.end();
    for (const [taker, queue] of this.#takers) for (const entry of [...taker.held]) queue.giveBack(taker, entry);
  }

  /** Restores the connection with its consumers and exclusive queues. */
  regain(): void {
    for (const spec of this.#exclusive) this.broker.declare(spec, this);
    for (const queue of this.#takers.values()) queue.wake();
  }

  #open(): void {
    const state = this.state();
    if (state.state !== 'up') throw engineFail.BUS_UNAVAILABLE(`the memory bus is ${state.state}: ${state.reason}`);
  }
}

class MemoryOwnership implements QueueOwnership {
  readonly #ending = new AbortController();
  readonly #consumers: { readonly queue: string; readonly consumer: Consumer }[] = [];

  constructor(
    private readonly bus: MemoryBus,
    private readonly owned: readonly string[],
    private readonly gone: () => void,
  ) {}

  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  async consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> {
    if (this.ended.aborted) throw engineFail.BUS_UNAVAILABLE('the right to consume the queue has ended');
    const consumer = await this.bus.attach(queue, options, handle, true);
    this.#consumers.push({ queue, consumer });
    return consumer;
  }

  async release(): Promise<void> {
    this.end();
  }

  end(): void {
    if (this.ended.aborted) return;
    this.gone();
    for (const { queue, consumer } of this.#consumers) {
      void consumer.stop();
      const from = this.bus.broker.queue(queue);
      if (from) this.bus.loseHeld(from);
    }
    this.bus.broker.disown(this.owned, this.bus);
    this.#ending.abort();
  }
}

class MemoryDelivery implements Delivery {
  readonly queue: string;
  readonly message;
  readonly redelivered: number;

  constructor(
    readonly broker: MemoryBroker,
    readonly from: MemoryQueue,
    readonly taker: Taker,
    readonly entry: Entry,
  ) {
    this.queue = from.name;
    this.message = entry.message;
    this.redelivered = entry.deliveries - 1;
  }

  /** Whether settling has no effect any more. Stays true when the message is redelivered. */
  get lost(): boolean {
    return this.entry.deliveries > this.redelivered + 1 || !this.taker.held.has(this.entry);
  }

  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void {
    const done = !this.lost && this.#publish(outputs);
    if (done) this.from.finish(this.taker, this.entry);
    else this.release();
    if (settled) queueMicrotask(() => settled(done));
  }

  release(): void {
    if (!this.lost) this.from.giveBack(this.taker, this.entry);
  }

  #publish(outputs: readonly Outgoing[]): boolean {
    try {
      this.broker.publish(outputs);
      return true;
    } catch {
      return false;
    }
  }
}
