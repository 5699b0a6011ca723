import type { EventMessage } from '@sluice/plugin-api';

/** A message to publish. */
export interface Outgoing {
  readonly message: EventMessage;
  /**
   * Name of the target queue; `queues.peers` stands for all queues that were declared with `peers`, one copy each. Absent: the message goes
   * to the exchange `events` by `message.attributes.type`, and to `unrouted` when no binding matches.
   */
  readonly queue?: string;
  /** Earliest delivery in milliseconds since 1970, with a tolerance of one second. Requires `queue`. */
  readonly notBefore?: number;
  /** True: the message is dropped when the queue does not exist (a reply to a host that has ended). Otherwise this is an error. */
  readonly droppable?: boolean;
}

/** A message that the broker delivered and that the consumer holds until it settles or releases it. */
export interface Delivery {
  readonly queue: string;
  readonly message: EventMessage;
  /** Number of earlier deliveries that the broker has counted. A closed channel counts once for every message that it held. */
  readonly redelivered: number;
  /** True when the broker itself has moved the message here from another queue, because it was rejected or delivered too often. Absent: no. */
  readonly deadLettered?: boolean;
  /**
   * True when its connection to the broker is closed: the broker redelivers the message, so any work done for this copy is repeated.
   * False for a delivery of a deleted queue or of a consumer that the broker cancelled: this copy may be the only one.
   */
  readonly lost: boolean;
  /**
   * Publishes all `outputs`, removes this delivery from its queue once every output is confirmed, and then calls `settled(true)`. When the
   * connection was lost before that, it calls `settled(false)` and the broker redelivers the message: its outputs may be published twice,
   * under the same ids. Never throws. A delivery may be settled once.
   */
  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void;
  /** Returns the delivery unchanged to its queue, near the head. */
  release(): void;
}

export interface ConsumeOptions {
  /** Maximum deliveries held at once, from 1. */
  readonly prefetch: number;
  /**
   * Name of a right to consume the queue, as for {@link Bus.own}. While a host has the right, this consumer waits, and the log reports it: it
   * would take messages beside the owner, in no order.
   */
  readonly unlessOwned?: string;
}

/** A running consumer of one queue. It survives a lost connection: the adapter consumes again. */
export interface Consumer {
  /** Stops new deliveries and resolves when no more will arrive. Held deliveries stay held until they are settled or released. */
  stop(): Promise<void>;
  /**
   * Changes the maximum of deliveries held at once, for future deliveries.
   *
   * @param count from 1
   * @throws `BUS_UNAVAILABLE` while the broker cannot be reached
   */
  setPrefetch(count: number): Promise<void>;
}

/**
 * The right of this host to be the only consumer of some queues. It ends with {@link QueueOwnership.release}, and when the connection to the
 * broker is lost: the consumers then end too, and the broker redelivers what they held, in the order in which it was delivered.
 */
export interface QueueOwnership {
  /** Fires when the right has ended. */
  readonly ended: AbortSignal;
  /**
   * Consumes one of the queues, as {@link Bus.consume} does, until the right ends.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached or the right has ended
   */
  consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer>;
  /**
   * Ends the right. Held deliveries return to their queues and cannot be settled any more; afterwards another host may own the queues.
   * Never rejects.
   */
  release(): Promise<void>;
}

/** A queue as a host declares it. All hosts declare a durable queue alike. */
export interface QueueSpec {
  /** Name of the queue, from {@link queues}. */
  readonly queue: string;
  /** Patterns of event types that bind the queue to the exchange `events`; `*` matches one word, `#` any number of words. */
  readonly types?: readonly string[];
  /** True: only this host uses the queue; it is not durable and ends with the host. */
  readonly exclusive?: boolean;
  /** True: the queue receives a copy of each message to `queues.peers`. Requires `exclusive`. */
  readonly peers?: boolean;
}

/** The status of one queue. */
export interface QueueStatus {
  readonly queue: string;
  /** Messages that are ready for delivery. */
  readonly waiting: number;
  /** Messages that consumers hold. Absent where the broker does not report it. */
  readonly held?: number;
  /** Time at which the oldest of these messages was due. Absent where the broker does not report it. */
  readonly oldest?: Date;
  /** Consumers of all hosts. Absent where the broker does not report it. */
  readonly consumers?: number;
}

/** The unrouted events of one type. */
export interface UnroutedStatus {
  readonly type: string;
  readonly count: number;
}

/** `blocked`: the broker is reachable and refuses to publish, for example when its disk is full. `reason` is for people. */
export type BusState = { readonly state: 'up' } | { readonly state: 'blocked' | 'down'; readonly reason: string };

/**
 * Carries messages: publish, consume, delay. Delivery is at least once. The order within a queue is kept while no message is redelivered or
 * delayed. An adapter reconnects with backoff and then restores its queues, bindings and consumers.
 */
export interface Bus {
  /** One word for logs and `doctor`: `embedded`, `rabbitmq`. */
  readonly engine: string;
  /**
   * True when the body of a delivery is read only after the delivery before it was passed to its consumer, so that a consumer can bound the
   * bytes that it holds. Absent: several are read at once.
   */
  readonly deliversSingly?: boolean;
  /**
   * Creates the queue and its bindings where they are missing. It never removes a binding or a queue.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached or refuses the queue
   */
  declare(spec: QueueSpec): Promise<void>;
  /**
   * Publishes messages and resolves when the broker has confirmed all of them.
   *
   * @param options `timeoutMs`: how long to wait for the confirms, in milliseconds; default 2,000
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached, is blocked, or has not confirmed in time. The broker may have kept the
   *   messages, so publish them again under the same ids.
   */
  publish(outgoing: readonly Outgoing[], options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * Calls `handle` for each delivery of a declared queue. An exception in `handle` releases the delivery.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached or the queue does not exist
   */
  consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer>;
  /**
   * Makes this host the only consumer of declared queues. Where the broker can, it takes the deliveries of other hosts away; otherwise it
   * waits until they consume no longer. Only one host at a time may try: the one that has the lease.
   *
   * @param name of the right, from {@link queues}; equal on all hosts
   * @returns undefined while another host owns or consumes one of the queues: try again
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached
   */
  own(name: string, owned: readonly string[]): Promise<QueueOwnership | undefined>;
  /** Returns the state of the connection. Never throws. */
  state(): BusState;
  /**
   * Returns the status of these queues, without those that do not exist.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached
   */
  status(queues: readonly string[]): Promise<readonly QueueStatus[]>;
  /**
   * Returns the number of events in `unrouted` by type: no flow took them.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached
   */
  unrouted(): Promise<readonly UnroutedStatus[]>;
  /**
   * Moves the events in `unrouted` that match one of the patterns to `queue`. An event leaves `unrouted` once its copy is confirmed, so a
   * failure in between leaves it in both queues.
   *
   * @param types patterns as in {@link QueueSpec.types}
   * @returns the number of moved events
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached or the queue does not exist
   */
  replayUnrouted(types: readonly string[], queue: string): Promise<number>;
  /**
   * Removes a durable queue with its messages and returns how many messages were ready in it. Deliveries that hosts hold can still be
   * settled; a released delivery enters the queue again when the queue exists. For `doctor --prune` only.
   *
   * @throws `BUS_UNAVAILABLE` when the broker cannot be reached
   */
  remove(queue: string): Promise<number>;
  /**
   * Returns for how many milliseconds the broker leaves a delivery unacknowledged before it requeues it; undefined when the broker does not
   * report it. Absent: without limit.
   */
  consumerTimeoutMs?(): Promise<number | undefined>;
  /** Stops consumers, waits for outstanding confirms (at most 5 s), and closes. */
  close(): Promise<void>;
}

/** Queue names, built in one place. */
export const queues = {
  flow: (flow: string) => `flow.${flow}`,
  next: (flow: string) => `flow.${flow}.next`,
  /** Ends of runs and replays of a flow with lanes. Only its owner consumes it. */
  lane: (flow: string) => `flow.${flow}.lane`,
  /** The right to consume the events of a flow with lanes. On RabbitMQ it is an exclusive queue of this name. */
  owner: (flow: string) => `flow.${flow}.owner`,
  push: (connection: string, priority: string) => `push.${connection}.${priority}`,
  /** Retries of pushes. They have a queue of their own because in one queue a retry would wait behind thousands of new pushes. */
  pushAgain: (connection: string, priority: string) => `push.${connection}.${priority}.again`,
  module: (plugin: string, subscription: string) => `module.${plugin}.${subscription}`,
  reply: (host: string) => `reply.${host}`,
  peer: (host: string) => `peer.${host}`,
  /** Not a queue: stands for the queues of all hosts that listen to their peers. Messages to a host that is down are not kept. */
  peers: 'peers',
  /** Events of `emit.after` that are not due yet. */
  delayed: 'delayed',
  parked: 'parked',
  /** Messages that RabbitMQ no longer redelivers. They are moved to `parked`. */
  poison: 'poison',
  unrouted: 'unrouted',
} as const;
