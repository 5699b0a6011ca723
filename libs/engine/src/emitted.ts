import { derivedId, engineFail, isEventType, type EventAttributes, type EventMessage, type NewEvent } from '@sluice/plugin-api';
import { contentOf } from './event-data.js';
import type { Outgoing } from './ports/bus.js';

export interface EmitCause {
  /** The trigger of the run that emits. */
  readonly event: EventAttributes;
  readonly flow: string;
  readonly hopsLimit: number;
  readonly bytesLimit: number;
}

/** An event that comes out of a run: caused by its trigger, correlated with it, one hop further. Throws `EVENT_TYPE`, `FLOW_LOOP`, `BODY_TOO_LARGE`. */
export function emittedEvent(cause: EmitCause, event: NewEvent & { readonly type: string }, id: string): EventMessage {
  const { event: trigger } = cause;
  if (!isEventType(event.type)) throw engineFail.EVENT_TYPE(`"${event.type.slice(0, 80)}" is not an event type`);
  const hops = (trigger.hops ?? 0) + 1;
  if (hops > cause.hopsLimit)
    throw engineFail.FLOW_LOOP(`${event.type} would be hop ${hops} since the door, and the limit is ${cause.hopsLimit}`);
  const subject = event.subject ?? trigger.subject;
  const { body, datacontenttype } = contentOf(event);
  if (body.length > cause.bytesLimit)
    throw engineFail.BODY_TOO_LARGE(`${event.type} has ${body.length} bytes, and the limit is ${cause.bytesLimit}`);
  const now = new Date();
  return {
    attributes: {
      id,
      source: `/flows/${cause.flow}`,
      type: event.type,
      time: now.toISOString(),
      acceptedat: now.getTime(),
      correlationid: event.correlationid ?? trigger.correlationid ?? trigger.id,
      causationid: trigger.id,
      hops,
      ...(subject !== undefined && { subject }),
      ...(event.partitionkey !== undefined && { partitionkey: event.partitionkey }),
      ...(datacontenttype !== undefined && { datacontenttype }),
      ...(trigger.traceparent !== undefined && { traceparent: childTrace(trigger.traceparent, id) }),
    },
    body,
  };
}

/** A child span of the trigger's, its id taken from the event's. https://www.w3.org/TR/trace-context/#traceparent-header */
function childTrace(parent: string, id: string): string {
  const [version, trace, , flags] = parent.split('-');
  return `${version}-${trace}-${id.replaceAll('-', '').slice(0, 16)}-${flags}`;
}

/** Events that an action emitted with its result; their ids are derived, so that a repeated call gives the same ones. */
export function emittedByCall(
  cause: EmitCause,
  run: string,
  step: string,
  events: readonly (NewEvent & { readonly type: string })[],
): Outgoing[] {
  return events.map((event, index) => ({ message: emittedEvent(cause, event, event.id ?? derivedId(run, step, 'emit', index)) }));
}
