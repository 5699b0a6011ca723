import type { EventMessage } from '@sluice/plugin-api';
import type { EventIngress } from '../ingress/event-ingress.js';
import type { Observer } from '../observer.js';
import { queues, type Bus, type Consumer, type Outgoing } from '../ports/bus.js';

const MAX_HELD_BYTES = 64 * 1024 ** 2;
const MAX_HELD_MESSAGES = 500;

/**
 * Returns an event that is published later, as `emit.after` requests. It waits in the queue `delayed`, and its acceptance counts from the
 * time at which it is due, so that `deliver.expires` does not count the delay.
 *
 * @param dueAt milliseconds since 1970
 */
export function delayedEvent({ attributes, body }: EventMessage, dueAt: number): Outgoing {
  return { queue: queues.delayed, notBefore: dueAt, message: { attributes: { ...attributes, acceptedat: dueAt }, body } };
}

export interface DelayedEventsDeps {
  readonly bus: Bus;
  readonly ingress: Pick<EventIngress, 'hasSubscriber'>;
  readonly observer: Pick<Observer, 'unrouted'>;
  /** Maximum bytes of an event. */
  readonly eventBytes: number;
}

/**
 * Publishes delayed events when they are due. They are routed only then: a flow that was added during the delay takes the event, and an
 * event whose type no flow takes any more becomes unrouted. Guarantee: at least once, under the id of the event.
 */
export class DelayedEvents {
  #consumer: Consumer | undefined;

  constructor(private readonly deps: DelayedEventsDeps) {}

  async declare(): Promise<void> {
    await this.deps.bus.declare({ queue: queues.delayed });
  }

  /** Begins to publish. Call it once the queues of all flows are declared. */
  async start(): Promise<void> {
    const { bus, ingress, observer, eventBytes } = this.deps;
    const prefetch = Math.max(1, Math.min(MAX_HELD_MESSAGES, Math.floor(MAX_HELD_BYTES / eventBytes)));
    this.#consumer = await bus.consume(queues.delayed, { prefetch }, (delivery) => {
      const { message } = delivery;
      if (!ingress.hasSubscriber(message.attributes.type)) observer.unrouted(message.attributes);
      delivery.settle([{ message }]);
    });
  }

  async stop(): Promise<void> {
    await this.#consumer?.stop();
  }
}
