import { queues, type QueueSpec } from '@sluice/engine';
import type { Channel, Options } from 'amqplib';
import { RUNGS } from './delay-queues.js';

const DAY_MS = 86_400_000;
/** A host that stands still must not fill the broker: the oldest of what its peers say goes. */
const MAX_PEER_MESSAGES = 20_000;

/**
 * Absent, RabbitMQ 4 drops a message at its 21st delivery; -1 makes 3.10 drop it at the first. A large limit is safe on both, and it
 * lets a message that was handed back stay near the head of its queue.
 */
const DELIVERY_LIMIT = { 'x-delivery-limit': 1_000_000 };
const QUORUM = { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish', ...DELIVERY_LIMIT };

/** Dead letters are kept until the next queue has confirmed them; by default RabbitMQ sends them once and forgets. Needs reject-publish. */
const deadLetterTo = (exchange: string) => ({ 'x-dead-letter-exchange': exchange, 'x-dead-letter-strategy': 'at-least-once' });

/** Names on the broker: ours behind the prefix. */
export class Names {
  constructor(readonly prefix: string) {}

  /** Where events go, by type. */
  readonly events = () => this.of('events');
  /** Where the delay ladder gives messages back: bound to each queue by its own name. */
  readonly return = () => this.of('return');
  /** What a host says to all hosts. */
  readonly peers = () => this.of(queues.peers);
  /** Held by a host that keeps its database to itself. */
  readonly soleHost = () => this.of('host.embedded-database');

  of(name: string): string {
    return this.prefix + name;
  }
}

/** Declares exchanges and queues that belong to no flow. Everything is durable, and declaring it again changes nothing. */
export async function declareTopology(channel: Channel, names: Names): Promise<void> {
  const unrouted = names.of(queues.unrouted);
  const poison = names.of(queues.poison);
  await channel.assertExchange(unrouted, 'fanout');
  await channel.assertExchange(names.events(), 'topic', { alternateExchange: unrouted });
  await channel.assertExchange(poison, 'fanout');
  await channel.assertExchange(names.return(), 'direct');
  await channel.assertExchange(names.peers(), 'fanout');

  // no dead letter exchange: after its days an event that nobody wanted is gone
  await channel.assertQueue(unrouted, durable({ ...QUORUM, 'x-message-ttl': 7 * DAY_MS, 'x-max-length-bytes': 1024 ** 3 }));
  await channel.bindQueue(unrouted, unrouted, '');
  await channel.assertQueue(poison, durable(QUORUM));
  await channel.bindQueue(poison, poison, '');

  for (const rung of RUNGS) {
    const name = names.of(rung.name);
    await channel.assertExchange(name, 'fanout');
    await channel.assertQueue(name, durable({ ...QUORUM, ...deadLetterTo(names.return()), 'x-message-ttl': rung.ms }));
    await channel.bindQueue(name, name, '');
  }
}

/** Declared by the topology, with arguments of their own: to declare one as others are would be refused. */
const FIXED: readonly string[] = [queues.poison, queues.unrouted];

/** Declares a queue with its bindings. A durable one must be declared by every host alike, so nothing about it can be chosen. */
export async function declareQueue(channel: Channel, names: Names, spec: QueueSpec): Promise<void> {
  if (FIXED.includes(spec.queue)) return;
  const queue = names.of(spec.queue);
  const options = spec.exclusive
    ? { exclusive: true, durable: false, ...(spec.peers && { arguments: { 'x-max-length': MAX_PEER_MESSAGES } }) }
    : durable({ ...QUORUM, ...deadLetterTo(names.of(queues.poison)) });
  await channel.assertQueue(queue, options);
  await channel.bindQueue(queue, names.return(), queue);
  if (spec.peers) await channel.bindQueue(queue, names.peers(), '');
  for (const type of spec.types ?? []) await channel.bindQueue(queue, names.events(), type);
}

function durable(args: Record<string, unknown>): Options.AssertQueue {
  return { durable: true, arguments: args };
}
