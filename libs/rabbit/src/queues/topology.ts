import { queues, type QueueSpec } from '@sluice/engine';
import type { Channel, Options } from 'amqplib';
import { RUNGS } from './delay-queues.js';

const DAY_MS = 86_400_000;
/** Maximum messages in the queue of a host for its peers. The oldest are dropped, so a host that hangs cannot fill the broker. */
const MAX_PEER_MESSAGES = 20_000;

/**
 * Without a limit RabbitMQ 4 drops a message at its 21st delivery; with -1, 3.10 drops it at the first. A large limit is safe on both, and
 * it keeps a returned message near the head of its queue.
 */
const DELIVERY_LIMIT = { 'x-delivery-limit': 1_000_000 };
const QUORUM = { 'x-queue-type': 'quorum', 'x-overflow': 'reject-publish', ...DELIVERY_LIMIT };

/**
 * Keeps dead letters until the next queue has confirmed them; by default RabbitMQ sends them once and forgets them. Requires
 * reject-publish.
 */
const deadLetterTo = (exchange: string) => ({ 'x-dead-letter-exchange': exchange, 'x-dead-letter-strategy': 'at-least-once' });

/** The names of exchanges and queues on the broker: a prefix and the name of the engine. */
export class Names {
  constructor(readonly prefix: string) {}

  /** The exchange that routes events by type. */
  readonly events = () => this.of('events');
  /** The exchange to which delay queues return messages. Each queue is bound to it by its own name. */
  readonly return = () => this.of('return');
  /** The exchange for messages to all hosts. */
  readonly peers = () => this.of(queues.peers);
  /** The exclusive queue of a host with an embedded database. */
  readonly soleHost = () => this.of('host.embedded-database');

  of(name: string): string {
    return this.prefix + name;
  }
}

/** Declares the exchanges and queues that belong to no flow. All are durable, and declaring them again changes nothing. */
export async function declareTopology(channel: Channel, names: Names): Promise<void> {
  const unrouted = names.of(queues.unrouted);
  const poison = names.of(queues.poison);
  await channel.assertExchange(unrouted, 'fanout');
  await channel.assertExchange(names.events(), 'topic', { alternateExchange: unrouted });
  await channel.assertExchange(poison, 'fanout');
  await channel.assertExchange(names.return(), 'direct');
  await channel.assertExchange(names.peers(), 'fanout');

  // no dead letter exchange: an unrouted event is deleted after a week
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

/** Queues that the topology declares with other arguments. The broker refuses a second declaration with the usual ones. */
const FIXED: readonly string[] = [queues.poison, queues.unrouted];

/** Declares a queue with its bindings. All hosts must declare a durable queue with equal arguments, so there are no options for it. */
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
