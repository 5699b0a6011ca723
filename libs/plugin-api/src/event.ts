import { v5, v7 } from 'uuid';

/**
 * Attributes of an event: CloudEvents 1.0 (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md), with the
 * extensions that Sluice uses. The data travels apart from them, as bytes.
 */
export interface EventAttributes {
  /** Drawn once at the door, derived ever after; unique together with `source`. At most 200 bytes. */
  readonly id: string;
  /** Set by the door: `/issuers/<issuer>/<sub>`, `/connections/<name>`, `/flows/<name>`. */
  readonly source: string;
  readonly type: string;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly subject?: string;
  readonly datacontenttype?: string;
  readonly correlationid?: string;
  readonly partitionkey?: string;
  readonly traceparent?: string;
  /** Id of the event that caused this one. */
  readonly causationid?: string;
  /** `sub` of the sender's token. Not copied to emitted events. */
  readonly authid?: string;
  /** Emits since the door. Absent: 0. */
  readonly hops?: number;
  /** What belongs to the carrier and not to the data, for instance the headers of an HTTP request. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970 by the clock of the accepting host: `deliver.expires` counts from here. */
  readonly acceptedat?: number;
  /** Where a reply is awaited: the queue of the waiting host. */
  readonly replyto?: string;
}

/** An event as the bus carries it. */
export interface EventMessage {
  readonly attributes: EventAttributes;
  readonly body: Buffer;
}

const NAMESPACE = '6f2a7c1e-51d0-5c0b-9a57-3f4b5d1ce0a1';

/** Words of `[A-Za-z0-9_-]` joined by dots, at most 200 characters. */
export function isEventType(text: string): boolean {
  return text.length <= 200 && /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(text);
}

/** A new id for an event that brings none: UUIDv7, so that ids sort by time. */
export function newEventId(): string {
  return v7();
}

/** The id of one passage of an event through a flow: the same after every redelivery. */
export function runId(source: string, eventId: string, flow: string): string {
  return v5(JSON.stringify([source, eventId, flow]), NAMESPACE);
}

/** An id derived within a run, from a step's path and, for several of a kind, a name or a count. */
export function derivedId(run: string, ...path: readonly (string | number)[]): string {
  return v5(JSON.stringify(path), run);
}
