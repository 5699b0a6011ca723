/**
 * An event as a trigger passes it to the engine. The engine adds `id` (UUIDv7), `source`, `time`, `type` (`<plugin>.<trigger>`) and
 * `traceparent` where they are missing.
 */
export interface NewEvent<Data = unknown, Meta = Record<string, unknown>> {
  readonly data: Data;
  readonly meta?: Meta;
  /** The id that the source itself uses, at most 200 bytes. An event that is offered again under the same id is a duplicate. */
  readonly id?: string;
  /** The unparsed body, when it should be carried as it arrived, with its type; `data` is then only checked. */
  readonly body?: Uint8Array;
  readonly datacontenttype?: string;
  /** `sub` of the sender's token. */
  readonly authid?: string;
  /** The name of the sender, such as `/issuers/erp/ivanov`. Default: `/connections/<name>`. */
  readonly source?: string;
  readonly type?: string;
  readonly subject?: string;
  readonly time?: Date;
  readonly correlationid?: string;
  readonly partitionkey?: string;
  readonly traceparent?: string;
}

/** The answer of a flow to the sender of an event. */
export interface Reply {
  /** 200 to 599. A status from 400 on means failure. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data?: unknown;
}

/** An event that the broker has confirmed. */
export interface Accepted {
  readonly id: string;
  /** Present when a reply was requested. Rejects with `REPLY_LATE` when no reply arrived in time; the run continues. */
  readonly reply?: Promise<Reply>;
}

/**
 * Accepts an event and resolves once the broker has confirmed it. Acknowledge the source only then.
 *
 * @param options `reply.withinMs`: how long to wait for the reply of the flow, in milliseconds. Absent: no reply is awaited.
 * @throws `BUS_UNAVAILABLE` when the broker does not confirm. The broker may still hold the event, so the source has to offer it again
 *   under the same id.
 */
export type Accept<Data = unknown, Meta = Record<string, unknown>> = (
  event: NewEvent<Data, Meta>,
  options?: { readonly reply?: { readonly withinMs: number } },
) => Promise<Accepted>;
