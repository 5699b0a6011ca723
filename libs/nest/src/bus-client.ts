import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { Bus } from '@sluice/engine';
import { engineFail, isEventType, newEventId, type EventAttributes, type EventMessage } from '@sluice/plugin-api';

/** Options of {@link BusClient}. */
export interface BusClientOptions {
  /** `source` of the events, such as `/plugins/timeline`. Ids are unique per source. */
  readonly source: string;
  readonly now?: () => number;
}

type EventOverrides = Partial<
  Pick<EventAttributes, 'id' | 'subject' | 'correlationid' | 'partitionkey' | 'causationid' | 'traceparent' | 'hops'>
>;

/** Data with attributes: `client.emit('order.shipped', new EventRecord(data, { id: context.idFor('shipped'), subject: 'A-1' }))`. */
export class EventRecord<Data = unknown> {
  constructor(
    readonly data: Data,
    /** Without an `id` a new one is drawn, so that a repeated handler emits another event instead of the same one again. */
    readonly attributes: EventOverrides = {},
  ) {}
}

/**
 * Publishes events. `emit` publishes an event whose type is the pattern; its Observable completes after the broker's confirm, and fails
 * with `BUS_UNAVAILABLE` without one. `send` fails, because request and reply are not supported.
 */
export class BusClient extends ClientProxy {
  readonly #bus: Bus;
  readonly #source: string;
  readonly #now: () => number;

  constructor(bus: Bus, options: BusClientOptions) {
    super();
    this.#bus = bus;
    this.#source = options.source;
    this.#now = options.now ?? Date.now;
  }

  /** Does nothing: the host opens and closes the bus. */
  async connect(): Promise<void> {}

  close(): void {}

  unwrap<T>(): T {
    return this.#bus as T;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const err = new Error(
      `send(${JSON.stringify(packet.pattern)}) is not supported on the bus: use emit, and an event for the answer`,
    );
    callback({ err, isDisposed: true });
    return () => undefined;
  }

  protected async dispatchEvent<T>(packet: ReadPacket): Promise<T> {
    await this.#bus.publish([{ message: this.#message(packet) }]);
    return undefined as T; // an event has no result; the caller chooses its type in NestJS
  }

  #message({ pattern, data }: ReadPacket): EventMessage {
    if (typeof pattern !== 'string' || !isEventType(pattern)) {
      throw engineFail.EVENT_TYPE(`emit(${JSON.stringify(pattern)}): this is not an event type`);
    }
    const record = data instanceof EventRecord ? data : new EventRecord<unknown>(data);
    const attributes: EventAttributes = {
      ...record.attributes,
      id: record.attributes.id ?? newEventId(),
      source: this.#source,
      type: pattern,
      time: new Date(this.#now()).toISOString(),
      datacontenttype: 'application/json',
    };
    return { attributes, body: Buffer.from(JSON.stringify(record.data)) };
  }
}
