import { queues, type Bus, type BusState, type Consumer, type ConsumeOptions, type Delivery } from '@sluice/engine';
import type { Outgoing, QueueSpec, QueueStatus, UnroutedStatus } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';
import { MemoryQueue, type BrokerClock, type Entry, type Taker } from './memory-queue.js';

const REAL_CLOCK: BrokerClock = { now: Date.now, after: (ms, run) => void setTimeout(run, Math.min(ms, 2 ** 31 - 1)).unref() };

/**
 * A broker within the process, for tests: the queues that several hosts share. It passes the same suite as the real ones.
 * Nothing is written anywhere: it forgets all with the process.
 */
export class MemoryBroker {
  readonly #queues = new Map<string, MemoryQueue>();
  /** Durable queues that were removed: their consumers, and what those hold, stay attached. */
  readonly #removed = new Map<string, MemoryQueue>();
  readonly #buses = new Set<MemoryBus>();
  #state: BusState = { state: 'up' };

  constructor(readonly clock: BrokerClock = REAL_CLOCK) {
    this.#queues.set(queues.unrouted, new MemoryQueue(queues.unrouted));
  }

  /** A connection of one more host. */
  connect(): MemoryBus {
    const bus = new MemoryBus(this);
    this.#buses.add(bus);
    return bus;
  }

  state(): BusState {
    return this.#state;
  }

  /** Confirms nothing more until `start`; what was handed out goes back, as when a real broker dies. */
  stop(reason = 'stopped by the test'): void {
    this.#state = { state: 'down', reason };
    for (const bus of this.#buses) bus.lose();
    for (const queue of this.#queues.values()) if (queue.owner !== undefined) queue.clear();
  }

  start(): void {
    this.#state = { state: 'up' };
    for (const bus of this.#buses) bus.regain();
  }

  /** Forgets a connection: its deliveries go back and its exclusive queues vanish. */
  disconnect(bus: MemoryBus): void {
    this.#buses.delete(bus);
    for (const [name, queue] of this.#queues) if (queue.owner === bus) this.#queues.delete(name);
  }

  queue(name: string): MemoryQueue | undefined {
    return this.#queues.get(name);
  }

  declare(spec: QueueSpec, owner: MemoryBus): void {
    const queue =
      this.#queues.get(spec.queue) ??
      this.#removed.get(spec.queue) ??
      new MemoryQueue(spec.queue, spec.exclusive ? owner : undefined, spec.peers);
    this.#queues.set(spec.queue, queue);
    for (const type of spec.types ?? []) queue.patterns.add(type);
  }

  remove(name: string): number {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    if (queue === undefined) return 0;
    queue.patterns.clear();
    if (queue.owner === undefined) this.#removed.set(name, queue);
    return queue.clear();
  }

  /** How many messages wait for their time before they enter the queue. */
  delayed(name: string): number {
    return this.#queues.get(name)?.delayed ?? 0;
  }

  /** All of them or none: throws when a queue is missing. */
  publish(outgoing: readonly Outgoing[]): void {
    if (this.#state.state !== 'up')
      throw engineFail.BUS_UNAVAILABLE(`the memory broker is ${this.#state.state}: ${this.#state.reason}`);
    const missing = outgoing.find(({ queue, droppable }) => queue !== undefined && !droppable && !this.#exists(queue));
    if (missing) throw engineFail.BUS_UNAVAILABLE(`queue ${missing.queue} does not exist`);
    for (const out of outgoing) this.#put(out);
  }

  #put({ message, queue: name, notBefore }: Outgoing): void {
    for (const queue of this.#targets(name, message.attributes.type)) queue?.put(message, notBefore, this.clock);
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
  readonly #takers = new Map<Taker, MemoryQueue>();
  readonly #exclusive: QueueSpec[] = [];
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
    this.#open();
    const queue = this.broker.queue(name);
    if (!queue) throw engineFail.BUS_UNAVAILABLE(`queue ${name} does not exist: declare it first`);
    const taker: Taker = {
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

  /** As if the host had died: nothing is settled, what it held is handed to others. */
  crash(): void {
    this.#closed = true;
    for (const [taker, queue] of this.#takers) queue.detach(taker);
    this.lose();
    this.broker.disconnect(this);
  }

  /** The connection breaks: what is held goes back to its queue, and settling it does nothing any more. */
  lose(): void {
    for (const [taker, queue] of this.#takers) for (const entry of [...taker.held]) queue.giveBack(taker, entry);
  }

  /** The connection is there again, and with it consumers and exclusive queues. */
  regain(): void {
    for (const spec of this.#exclusive) this.broker.declare(spec, this);
    for (const queue of this.#takers.values()) queue.wake();
  }

  #open(): void {
    const state = this.state();
    if (state.state !== 'up') throw engineFail.BUS_UNAVAILABLE(`the memory bus is ${state.state}: ${state.reason}`);
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

  /** For good, also when its message is handed out again. */
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
