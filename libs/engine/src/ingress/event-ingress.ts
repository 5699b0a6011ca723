import {
  engineFail,
  isEventType,
  newEventId,
  runId,
  type Accepted,
  type EventAttributes,
  type NewEvent,
  type Reply,
  type Clock,
} from '@sluice/plugin-api';
import { contentOf } from '../runs/event-data.js';
import type { Observer } from '../observer.js';
import type { ParkedQuota } from '../parking/parked-quota.js';
import { queues, type Bus } from '../ports/bus.js';
import type { Replies } from '../runs/replies.js';
import { TypePatterns } from '../type-patterns.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { FilterDecision, TriggerFilter } from './trigger-filter.js';

const MAX_ID_BYTES = 200;

/** An event of a source. */
export type SourceEvent = NewEvent & { readonly type: string; readonly source: string };

export interface EventIngressOptions {
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly parkedQuota: Pick<ParkedQuota, 'requireRoom'>;
}

/**
 * Accepts events. An event is accepted once the broker has confirmed it, never before. Acceptance waits for nothing else, in particular not
 * for a flow.
 */
export class EventIngress {
  /** Types that the modules of this host take, with the times in milliseconds since 1970 from which on. */
  readonly #taken: { readonly types: TypePatterns; readonly since: number }[] = [];
  /** Types that the flows of this host take. */
  #takenByFlows = new TypePatterns();

  constructor(
    private readonly bus: Bus,
    private readonly replies: Replies,
    private readonly observer: Observer,
    private readonly options: EventIngressOptions,
  ) {}

  /** Accepts an event for all flows that take its type. Rejects with `BUS_UNAVAILABLE`, `BODY_TOO_LARGE`, `EVENT_TYPE` or `PARKED_FULL`. */
  publish(event: SourceEvent): Promise<Accepted> {
    return this.#accept(event, undefined, { flow: undefined });
  }

  /**
   * Accepts an event of a plugin's trigger for the flow of that trigger.
   *
   * @param filter an event that it does not take is accepted without being published; a requested reply then has the status 204
   */
  hand(flow: string, event: SourceEvent, reply?: { readonly withinMs: number }, filter?: TriggerFilter): Promise<Accepted> {
    return this.#accept(event, queues.flow(flow), { flow, ...(reply && { reply }), ...(filter && { filter }) });
  }

  /**
   * As `hand`, of an event whose account may be full, since nobody could send it again: it was said at `acceptedAt` and has waited on this
   * host since then.
   *
   * @param wherechecked see {@link EventAttributes.wherechecked}
   */
  handLate(flow: string, event: SourceEvent, acceptedAt: number, wherechecked = false): Promise<Accepted> {
    return this.#accept(event, queues.flow(flow), { acceptedAt, wherechecked });
  }

  /** Records that a module of this host takes events of these patterns. */
  takes(patterns: readonly string[]): void {
    this.#taken.push({ types: new TypePatterns(patterns), since: this.options.clock.now() });
  }

  /**
   * Returns the time from which on a module of this host has received the events of the type, in milliseconds since 1970; undefined when no
   * module takes it.
   */
  receivedByModuleSince(type: string): number | undefined {
    return this.#taken.find(({ types }) => types.match(type))?.since;
  }

  /** Replaces the patterns of events that the flows of this host take. */
  flowsTake(patterns: readonly string[]): void {
    this.#takenByFlows = new TypePatterns(patterns);
  }

  /** Returns whether a flow or a module on this host takes the type. */
  hasSubscriber(type: string): boolean {
    return this.#takenByFlows.match(type) || this.#taken.some(({ types }) => types.match(type));
  }

  async #accept(event: SourceEvent, queue: string | undefined, sender: Sender): Promise<Accepted> {
    const { clock } = this.options;
    const [acceptedAt, began] = [clock.now(), clock.monotonic()];
    if ('flow' in sender) this.options.parkedQuota.requireRoom(event, sender.flow);
    if (!isEventType(event.type))
      throw engineFail.EVENT_TYPE(`"${event.type.slice(0, 80)}" is not an event type`, { sent: 'no' });
    if (event.id !== undefined && (event.id === '' || Buffer.byteLength(event.id) > MAX_ID_BYTES)) {
      throw engineFail.INPUT_INVALID(`the id of an event has 1 to ${MAX_ID_BYTES} bytes`, { sent: 'no' });
    }
    const carried = contentOf(event, this.options.limitBytes);
    if (carried.body.length > this.options.limitBytes) {
      throw engineFail.BODY_TOO_LARGE(`the body has ${carried.body.length} bytes, and the limit is ${this.options.limitBytes}`, {
        sent: 'no',
      });
    }
    const given = attributesOf(event, 'acceptedAt' in sender ? sender.acceptedAt : acceptedAt, carried.datacontenttype);
    const taken = await takenBy(sender, given, carried.body);
    if (taken === 'no') return { id: given.id, ...(replyOf(sender) && { reply: Promise.resolve({ status: 204, headers: {} }) }) };
    const attributes = {
      ...given,
      ...(taken === 'yes' && { wherechecked: true }),
      ...(replyOf(sender) && { replyto: this.replies.queue }),
    };
    const awaited = this.#expectReply(attributes, sender);
    await this.bus.publish([{ message: { attributes, body: carried.body }, ...(queue !== undefined && { queue }) }]);
    this.observer.accepted(attributes, clock.monotonic() - began);
    if (queue === undefined && !this.hasSubscriber(attributes.type)) this.observer.unrouted(attributes);
    return { id: attributes.id, ...(awaited && { reply: awaited }) };
  }

  #expectReply({ source, id }: EventAttributes, sender: Sender): Promise<Reply> | undefined {
    const reply = replyOf(sender);
    if (!reply || !('flow' in sender) || sender.flow === undefined) return undefined;
    const awaited = this.replies.expect(runId(source, id, sender.flow), reply.withinMs);
    // when the publish fails, the reply is not used
    awaited.catch(() => undefined);
    return awaited;
  }
}

/** Where an event comes from. `flow`: of a trigger, which may wait for a reply. `acceptedAt`: of a spool. */
type Sender =
  | { readonly flow: string | undefined; readonly reply?: { readonly withinMs: number }; readonly filter?: TriggerFilter }
  | { readonly acceptedAt: number; readonly wherechecked: boolean };

function replyOf(sender: Sender): { readonly withinMs: number } | undefined {
  return 'flow' in sender ? sender.reply : undefined;
}

function takenBy(sender: Sender, attributes: EventAttributes, body: Buffer): MaybePromise<FilterDecision> {
  if (!('flow' in sender)) return sender.wherechecked ? 'yes' : 'unknown';
  return sender.filter?.check(attributes, body) ?? 'unknown';
}

/**
 * Returns the attributes of an accepted event.
 *
 * @param acceptedAt milliseconds since 1970
 */
export function attributesOf(event: SourceEvent, acceptedAt: number, datacontenttype: string | undefined): EventAttributes {
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
  };
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
function newTrace(): string {
  const trace = newEventId().replaceAll('-', '');
  return `00-${trace}-${trace.slice(16)}-01`;
}
