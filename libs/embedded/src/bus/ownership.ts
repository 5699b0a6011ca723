import type { Consumer, ConsumeOptions, Delivery, QueueOwnership } from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';
import type { DroppableConsumer, Reader } from './reader.js';

/** Lets every session take messages of these queues again, if this session owns them. */
export const DISOWN = 'update queue set taker = null where queue = any ($1) and taker = $2';

/** The right of a session to be the only one that takes messages of some queues. It ends with the session. */
export class EmbeddedOwnership implements QueueOwnership {
  readonly #ending = new AbortController();
  readonly #consumers: DroppableConsumer[] = [];

  /** @param disown called once, when the right is released; not when its session has ended */
  constructor(
    private readonly reader: Reader,
    private readonly disown: () => Promise<unknown>,
  ) {}

  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  async consume(queue: string, options: ConsumeOptions, handle: (delivery: Delivery) => void): Promise<Consumer> {
    if (this.ended.aborted) throw engineFail.BUS_UNAVAILABLE('the right to consume the queue has ended');
    const consumer = this.reader.consume(queue, options, handle, true);
    this.#consumers.push(consumer);
    return consumer;
  }

  async release(): Promise<void> {
    if (this.ended.aborted) return;
    this.end();
    await this.disown().catch(() => undefined);
  }

  /** Ends the right: its session has ended, or it is released. */
  end(): void {
    for (const consumer of this.#consumers) consumer.drop();
    this.#ending.abort();
  }
}
