import type { EventMessage } from '@sluice/plugin-api';

/** A message to publish. */
export interface Outgoing {
  readonly message: EventMessage;
  /**
   * Name of the queue it goes to; `queues.peers` is every queue that was declared with `peers`, at most once each. Absent: the exchange
   * `events`, by `message.attributes.type`; what no binding wants goes to `unrouted`.
   */
  readonly queue?: string;
  /** Milliseconds since 1970: not handed out before, give or take a second. Needs `queue`. */
  readonly notBefore?: number;
  /** True: thrown away when the queue does not exist (a reply to a host that is gone). Otherwise that is an error. */
  readonly droppable?: boolean;
}

/** A message that was handed out and is held until it is settled or released. */
export interface Delivery {
  readonly queue: string;
  readonly message: EventMessage;
  /** How often it was handed out before, as far as the broker knows; a closed channel counts for everything that it held. */
  readonly redelivered: number;
  /**
   * True when the connection that brought it is gone: the broker hands the message out again, so any work done for this copy is repeated.
   * False for a delivery of a queue that was deleted, or of a consumer that the broker cancelled: this copy may be the only one.
   */
  readonly lost: boolean;
  /**
   * Publishes all `outputs`, and once each is confirmed takes this delivery off its queue; `settled(true)` is called then. When the
   * connection was lost before, `settled(false)` is called and the delivery comes again by itself: its outputs may be published twice,
   * under the same ids. Never throws. Settling twice is a mistake.
   */
  settle(outputs: readonly Outgoing[], settled?: (done: boolean) => void): void;
  /** Hands it back as it was: it stays near the head of its queue. */
  release(): void;
}

export interface ConsumeOptions {
  /** At most so many deliveries are held at once. */
  readonly prefetch: number;
}

export interface Consumer {
  /** Takes no more deliveries. What is held stays held until it is settled or released. Resolves when no more will come. */
  stop(): Promise<void>;
  /** Changes how many are held at once, for deliveries to come. */
  setPrefetch(count: number): Promise<void>;
}

export interface QueueSpec {
  readonly queue: string;
  /** Patterns of event types bound to it on the exchange `events`; `*` is one word, `#` any number. */
  readonly types?: readonly string[];
  /** True: belongs to this host alone, not durable, gone with it. */
  readonly exclusive?: boolean;
  /** True: gets a copy of whatever is sent to `queues.peers`. Goes with `exclusive`. */
  readonly peers?: boolean;
}

export interface QueueStatus {
  readonly queue: string;
  /** Ready to be handed out. */
  readonly waiting: number;
  /** Handed out and not settled, where the broker tells. */
  readonly held?: number;
  /** When the oldest of all these messages was due, where the broker tells. */
  readonly oldest?: Date;
  readonly consumers?: number;
}

export interface UnroutedStatus {
  readonly type: string;
  readonly count: number;
}

export type BusState = { readonly state: 'up' } | { readonly state: 'blocked' | 'down'; readonly reason: string };

/**
 * Carries messages: publish, consume, delay. Delivery is at least once; order within a queue is kept while nothing is redelivered or
 * delayed. An adapter reconnects by itself, with back-off, and makes its topology and consumers again.
 */
export interface Bus {
  /** One word for logs and `doctor`: `embedded`, `rabbitmq`. */
  readonly engine: string;
  /** Creates the queue and its bindings where they are missing. Never unbinds, never deletes. */
  declare(spec: QueueSpec): Promise<void>;
  /**
   * Resolves when the broker has confirmed all of them. Rejects with `BUS_UNAVAILABLE` when there is no broker, when it is blocked, or
   * when no confirm came within `timeoutMs` (default 2,000): the messages may or may not have been kept, so offer them again under the
   * same ids.
   */
  publish(outgoing: readonly Outgoing[], options?: { readonly timeoutMs?: number }): Promise<void>;
  /**
   * Calls `handle` for each delivery. An exception in `handle` releases the delivery.
   * The queue must have been declared.
   */
  consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer>;
  state(): BusState;
  /** What waits in these queues; a queue that does not exist is left out. */
  status(queues: readonly string[]): Promise<readonly QueueStatus[]>;
  /** What no flow wanted, by type. */
  unrouted(): Promise<readonly UnroutedStatus[]>;
  /** Moves what waits in `unrouted` and fits one of the patterns to `queue`; gives how many. */
  replayUnrouted(types: readonly string[], queue: string): Promise<number>;
  /**
   * Empties and removes a durable queue; returns how many messages were ready in it. What hosts hold of it can still be settled, and a
   * delivery that is released enters the queue again when the queue exists. For `doctor --prune` only.
   */
  remove(queue: string): Promise<number>;
  /**
   * Returns how long the broker lets a delivery be unacknowledged before it takes it back, in milliseconds; undefined when the broker does not tell.
   * Absent: for ever.
   */
  consumerTimeoutMs?(): Promise<number | undefined>;
  /** Stops consumers, waits for outstanding confirms (at most 5 s), and closes. */
  close(): Promise<void>;
}

/** Queue names, built in one place. */
export const queues = {
  flow: (flow: string) => `flow.${flow}`,
  next: (flow: string) => `flow.${flow}.next`,
  push: (connection: string, priority: string) => `push.${connection}.${priority}`,
  /** Pushes that were tried and come back: behind thousands of fresh ones in one queue a retry would wait for all of them. */
  pushAgain: (connection: string, priority: string) => `push.${connection}.${priority}.again`,
  module: (plugin: string, subscription: string) => `module.${plugin}.${subscription}`,
  reply: (host: string) => `reply.${host}`,
  peer: (host: string) => `peer.${host}`,
  /** No queue: all queues of hosts that listen to their peers. Nothing is kept for a host that is away. */
  peers: 'peers',
  parked: 'parked',
  /** Where RabbitMQ puts what it refuses to hand out again. Read into `parked`. */
  poison: 'poison',
  unrouted: 'unrouted',
} as const;
