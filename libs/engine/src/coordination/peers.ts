import { newEventId, type Log, type Clock } from '@sluice/plugin-api';
import { messageOf } from '../message-of.js';
import { queues, type Bus, type Consumer } from '../ports/bus.js';

const PREFETCH = 500;

type PeerHandler = (body: Buffer, from: string) => void;

/**
 * Messages between the hosts of a workspace: one queue for each host, and each message crosses the broker once per host. Guarantee: at most
 * once. Messages that are sent while the broker is unavailable are lost.
 */
export class HostPeers {
  readonly #listeners = new Map<string, Set<PeerHandler>>();
  #consumer: Consumer | undefined;

  constructor(
    private readonly bus: Bus,
    readonly id: string,
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** Listens to the other hosts. A second call does nothing. */
  async start(): Promise<void> {
    if (this.#consumer) return;
    const queue = queues.peer(this.id);
    await this.bus.declare({ queue, exclusive: true, peers: true });
    this.#consumer = await this.bus.consume(queue, { prefetch: PREFETCH }, (delivery) => {
      delivery.settle([]);
      const { source, subject = '' } = delivery.message.attributes;
      if (source === this.id) return;
      for (const heard of this.#listeners.get(subject) ?? []) this.#dispatch(heard, delivery.message.body, source);
    });
  }

  broadcast(topic: string, body: Buffer): void {
    const time = new Date(this.clock.now()).toISOString();
    const attributes = { id: newEventId(), source: this.id, type: 'sluice.peer', time, subject: topic };
    this.bus
      .publish([{ queue: queues.peers, droppable: true, message: { attributes, body } }])
      .catch((error: unknown) => this.log.debug('what was said to the other hosts is lost', { reason: messageOf(error) }));
  }

  listen(topic: string, heard: PeerHandler): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(heard));
    return () => void listeners.delete(heard);
  }

  async stop(): Promise<void> {
    await this.#consumer?.stop();
  }

  #dispatch(heard: PeerHandler, body: Buffer, from: string): void {
    try {
      heard(body, from);
    } catch (error) {
      this.log.error('what another host said could not be dealt with', { reason: messageOf(error) });
    }
  }
}
