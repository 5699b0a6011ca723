import { derivedId, engineFail, isEventType, type EventAttributes, type EventMessage, type NewEvent } from '@sluice/plugin-api';
import type { Settings } from '@sluice/flow';
import { contentOf, type Content } from './event-data.js';
import { accountOf } from '../parking/parked-quota.js';
import type { Outgoing } from '../ports/bus.js';

export interface EmitCause {
  /** The trigger of the run that emits. */
  readonly event: EventAttributes;
  readonly flow: string;
  readonly hopsLimit: number;
  readonly bytesLimit: number;
  /** When the event is emitted, in milliseconds since 1970. */
  readonly now: number;
}

export function emitCause(
  event: EventAttributes,
  flow: string,
  { hops, eventBytes }: Settings['limits'],
  now: number,
): EmitCause {
  return { event, flow, hopsLimit: hops, bytesLimit: eventBytes, now };
}

/** The attributes that the emitter sets. The others follow from the cause of the event. */
export interface EmittedAttributes {
  readonly type: string;
  readonly subject: string | undefined;
  readonly correlationid: string | undefined;
  readonly partitionkey: string | undefined;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Returns an event that a run emits: caused by its trigger, correlated with it, one hop further. Throws `EVENT_TYPE`, `FLOW_LOOP`,
 * `BODY_TOO_LARGE`. Fields are assigned and not spread, because this is the most expensive line of a hop.
 */
export function emittedEvent(cause: EmitCause, emitted: EmittedAttributes, content: Content, id: string): EventMessage {
  const { event: trigger } = cause;
  const { type } = emitted;
  if (!isEventType(type)) throw engineFail.EVENT_TYPE(`"${type.slice(0, 80)}" is not an event type`);
  const hops = (trigger.hops ?? 0) + 1;
  if (hops > cause.hopsLimit)
    throw engineFail.FLOW_LOOP(`${type} would be hop ${hops} since the event was accepted, and the limit is ${cause.hopsLimit}`);
  const { body, datacontenttype } = content;
  if (body.length > cause.bytesLimit)
    throw engineFail.BODY_TOO_LARGE(`${type} has ${body.length} bytes, and the limit is ${cause.bytesLimit}`);
  const { now } = cause;
  const attributes: Writable<EventAttributes> = {
    id,
    source: `/flows/${cause.flow}`,
    type,
    time: isoTime(now),
    acceptedat: now,
    correlationid: emitted.correlationid ?? trigger.correlationid ?? trigger.id,
    causationid: trigger.id,
    hops,
  };
  attributes.origin = accountOf(trigger, cause.flow);
  const subject = emitted.subject ?? trigger.subject;
  if (subject !== undefined) attributes.subject = subject;
  if (emitted.partitionkey !== undefined) attributes.partitionkey = emitted.partitionkey;
  if (datacontenttype !== undefined) attributes.datacontenttype = datacontenttype;
  if (trigger.traceparent !== undefined) attributes.traceparent = childTrace(trigger.traceparent, id);
  return { attributes, body };
}

let lastMs = 0;
let lastText = new Date(0).toISOString();

/** Many events occur in one millisecond, and formatting the time costs more than any other attribute. */
function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}

/**
 * Returns a child span of the trigger's span, whose id is derived from the event's id.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
function childTrace(parent: string, id: string): string {
  const [version, trace, , flags] = parent.split('-');
  return `${version}-${trace}-${id.replaceAll('-', '').slice(0, 16)}-${flags}`;
}

/** Returns the events that an action emitted with its result. Their ids are derived, so that a repeated call emits the same events. */
export function emittedByCall(
  cause: EmitCause,
  run: string,
  step: string,
  events: readonly (NewEvent & { readonly type: string })[],
): Outgoing[] {
  return events.map((event, index) => {
    const { type, subject, correlationid, partitionkey } = event;
    const id = event.id ?? derivedId(run, step, 'emit', index);
    return {
      message: emittedEvent(cause, { type, subject, correlationid, partitionkey }, contentOf(event, cause.bytesLimit), id),
    };
  });
}
