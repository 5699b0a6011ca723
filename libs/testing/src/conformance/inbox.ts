import type { Bus, Delivery } from '@sluice/engine';

/**
 * Resolves once the condition holds.
 *
 * @param what names the condition in the error, for example `the queue to be empty`.
 * @param timeoutMs milliseconds after which it rejects.
 * @throws an error with `what` after the timeout.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A consumer that keeps its deliveries until the test settles them. */
export interface Inbox {
  readonly deliveries: readonly Delivery[];
  /** Ids in the order of arrival. */
  ids(): string[];
  /** Resolves with all deliveries so far once there are at least `count`. */
  atLeast(count: number): Promise<readonly Delivery[]>;
  /** Stops consuming; held deliveries can still be settled. */
  stop(): Promise<void>;
  /** Changes how many deliveries the consumer may hold at once. */
  setPrefetch(count: number): Promise<void>;
}

/** Consumes a queue into an inbox. With `settle` each delivery is settled at once, without outputs. */
export async function openInbox(bus: Bus, queue: string, options: { prefetch?: number; settle?: boolean } = {}): Promise<Inbox> {
  const deliveries: Delivery[] = [];
  const consumer = await bus.consume(queue, { prefetch: options.prefetch ?? 100 }, (delivery) => {
    deliveries.push(delivery);
    if (options.settle) delivery.settle([]);
  });
  return {
    deliveries,
    ids: () => deliveries.map((delivery) => delivery.message.attributes.id),
    atLeast: async (count) => {
      await until(`${count} deliveries from ${queue}`, () => deliveries.length >= count);
      return deliveries;
    },
    stop: () => consumer.stop(),
    setPrefetch: (count) => consumer.setPrefetch(count),
  };
}

/** Settles a delivery and resolves with the result: false if the bus has not settled it. */
export function settled(delivery: Delivery, outputs: Parameters<Delivery['settle']>[0] = []): Promise<boolean> {
  return new Promise((resolve) => delivery.settle(outputs, resolve));
}
