import { queues, type Outgoing } from '@sluice/engine';
import type { EventMessage, Reply } from '@sluice/plugin-api';
import { MemoryBroker } from '@sluice/memory';

/** Name of the caller that waits for the replies of a test. */
export const CALLER = queues.reply('caller');

/** A broker in memory that records the events and the replies that flows publish. */
export class RecordingBroker extends MemoryBroker {
  /** Emitted events in the order in which they were published; a delayed one counts when it is emitted. */
  readonly events: EventMessage[] = [];
  /** The first reply of each run, by the run. */
  readonly replies = new Map<string, Reply>();
  readonly #seen = new Set<string>();

  override publish(outgoing: readonly Outgoing[]): void {
    super.publish(outgoing);
    for (const { queue, message } of outgoing) {
      if (queue === undefined || queue === queues.delayed) this.#event(message);
      else if (queue === CALLER) this.#reply(message);
    }
  }

  #event(message: EventMessage): void {
    const { source, id } = message.attributes;
    const key = `${source}\n${id}`;
    // a delayed event is published again when it is due
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.events.push(message);
  }

  #reply({ attributes: { correlationid = '' }, body }: EventMessage): void {
    if (!this.replies.has(correlationid)) this.replies.set(correlationid, JSON.parse(body.toString()) as Reply);
  }
}
