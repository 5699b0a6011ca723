import {
  engineFail,
  isEventType,
  newEventId,
  runId,
  type Accepted,
  type EventAttributes,
  type NewEvent,
  type Clock,
} from '@sluice/plugin-api';
import { contentOf } from '../runs/event-data.js';
import type { Observer } from '../observer.js';
import type { ParkedAccounts } from '../parked-accounts.js';
import { queues, type Bus } from '../ports/bus.js';
import type { Replies } from '../runs/replies.js';
import { TypePatterns } from '../type-patterns.js';

const MAX_ID_BYTES = 200;

export interface EventIngressOptions {
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly accounts: Pick<ParkedAccounts, 'requireRoom'>;
}

/**
 * Accepts events. An event is accepted once the broker has confirmed it, never before. Acceptance waits for nothing else, in particular not
 * for a flow.
 */
export class EventIngress {
  readonly #taken = new TypePatterns();

  constructor(
    private readonly bus: Bus,
    private readonly replies: Replies,
    private readonly observer: Observer,
    private readonly options: EventIngressOptions,
  ) {}

  /** Accepts an event for all flows that take its type. Rejects with `BUS_UNAVAILABLE`, `BODY_TOO_LARGE`, `EVENT_TYPE` or `PARKED_FULL`. */
  publish(event: NewEvent & { readonly type: string; readonly source: string }): Promise<Accepted> {
    return this.#accept(event, undefined, undefined, { flow: undefined });
  }

  /** Accepts an event of a plugin's trigger for the flow of that trigger. */
  hand(
    flow: string,
    event: NewEvent & { readonly type: string; readonly source: string },
    reply?: { readonly withinMs: number },
  ): Promise<Accepted> {
    return this.#accept(event, queues.flow(flow), reply && { ...reply, flow }, { flow });
  }

  /**
   * As `hand`, of an event whose account may be full, since nobody could send it again: it was said at `acceptedAt` and has waited on this
   * host since then.
   */
  handLate(
    flow: string,
    event: NewEvent & { readonly type: string; readonly source: string },
    acceptedAt: number,
  ): Promise<Accepted> {
    return this.#accept(event, queues.flow(flow), undefined, { acceptedAt });
  }

  /** Records that a flow or module of this host takes events of these patterns. */
  takes(patterns: readonly string[]): void {
    this.#taken.add(patterns);
  }

  /** Returns whether a flow or a module on this host takes the type. */
  hasSubscriber(type: string): boolean {
    return this.#taken.match(type);
  }

  async #accept(
    event: NewEvent & { readonly type: string; readonly source: string },
    queue: string | undefined,
    reply: { readonly flow: string; readonly withinMs: number } | undefined,
    sender: { readonly flow: string | undefined } | { readonly acceptedAt: number },
  ): Promise<Accepted> {
    const { clock } = this.options;
    const [acceptedAt, began] = [clock.now(), clock.monotonic()];
    if ('flow' in sender) this.options.accounts.requireRoom(event, sender.flow);
    if (!isEventType(event.type))
      throw engineFail.EVENT_TYPE(`"${event.type.slice(0, 80)}" is not an event type`, { sent: 'no' });
    if (event.id !== undefined && (event.id === '' || Buffer.byteLength(event.id) > MAX_ID_BYTES)) {
      throw engineFail.INPUT_INVALID(`the id of an event has 1 to ${MAX_ID_BYTES} bytes`, { sent: 'no' });
    }
    const carried = contentOf(event);
    if (carried.body.length > this.options.limitBytes) {
      throw engineFail.BODY_TOO_LARGE(`the body has ${carried.body.length} bytes, and the limit is ${this.options.limitBytes}`, {
        sent: 'no',
      });
    }
    const attributes = this.#attributes(
      event,
      'acceptedAt' in sender ? sender.acceptedAt : acceptedAt,
      carried.datacontenttype,
      reply !== undefined,
    );
    const awaited = reply && this.replies.expect(runId(attributes.source, attributes.id, reply.flow), reply.withinMs);
    // when the publish fails, the reply is not used
    awaited?.catch(() => undefined);
    await this.bus.publish([{ message: { attributes, body: carried.body }, ...(queue !== undefined && { queue }) }]);
    this.observer.accepted(attributes, clock.monotonic() - began);
    if (queue === undefined && !this.hasSubscriber(attributes.type)) this.observer.unrouted(attributes);
    return { id: attributes.id, ...(awaited && { reply: awaited }) };
  }

  #attributes(
    event: NewEvent & { readonly type: string; readonly source: string },
    acceptedAt: number,
    datacontenttype: string | undefined,
    wantsReply: boolean,
  ): EventAttributes {
    return {
      id: event.id ?? newEventId(),
      source: event.source,
      type: event.type,
      time: (event.time ?? new Date(acceptedAt)).toISOString(),
      acceptedat: acceptedAt,
      traceparent: event.traceparent ?? newTrace(),
      ...(datacontenttype !== undefined && { datacontenttype }),
      ...(event.subject !== undefined && { subject: event.subject }),
      ...(event.correlationid !== undefined && { correlationid: event.correlationid }),
      ...(event.partitionkey !== undefined && { partitionkey: event.partitionkey }),
      ...(event.authid !== undefined && { authid: event.authid }),
      ...(event.meta !== undefined && { meta: event.meta }),
      ...(wantsReply && { replyto: this.replies.queue }),
    };
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
function newTrace(): string {
  const trace = newEventId().replaceAll('-', '');
  return `00-${trace}-${trace.slice(16)}-01`;
}
