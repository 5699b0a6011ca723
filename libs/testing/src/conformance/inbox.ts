import type { Bus, Delivery } from '@sluice/engine';

/** Resolves once the condition holds; rejects with its name after the time, so that a failing test says what it waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A consumer that keeps what it is given until the test decides. */
export interface Inbox {
  readonly deliveries: readonly Delivery[];
  /** Ids in the order of arrival. */
  ids(): string[];
  /** Resolves with all deliveries so far when there are so many. */
  atLeast(count: number): Promise<readonly Delivery[]>;
  stop(): Promise<void>;
  setPrefetch(count: number): Promise<void>;
}

/** Consumes the queue into an inbox; with `settle` each delivery is settled at once, without outputs. */
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

/** Settles and waits for the confirm. */
export function settled(delivery: Delivery, outputs: Parameters<Delivery['settle']>[0] = []): Promise<boolean> {
  return new Promise((resolve) => delivery.settle(outputs, resolve));
}
