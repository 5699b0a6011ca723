import { createHash } from 'node:crypto';
import { isEventType, type EventAttributes, type EventMessage } from '@sluice/plugin-api';
import type { ConsumeMessage, MessageProperties } from 'amqplib';
import type { PublishProperties } from './publish-frames.js';

/** Header with all attributes for which AMQP has no property, as one JSON text. One header costs much less than one for each attribute. */
const REST = 'ce';
/** Header of a delayed message: its due time in milliseconds since 1970. */
const NOT_BEFORE = 'sluice-not-before';
/** Maximum length of AMQP's short strings. */
const SHORT_BYTES = 255;
const MAX_ID_BYTES = 200;
/**
 * Both spellings are in use:
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md#3131-amqp-application-property-names
 */
const FOREIGN_PREFIX = /^cloudEvents[:_]/;
const FOREIGN_NAMES = [
  'id',
  'source',
  'type',
  'time',
  'subject',
  'datacontenttype',
  'correlationid',
  'partitionkey',
  'traceparent',
] as const;

/** Values of `content_encoding` that change nothing (RFC 2045, 6; `identity` is HTTP's). */
const UNPACKED: ReadonlySet<string> = new Set(['identity', 'binary', '7bit', '8bit']);
const JSON_TYPE = 'application/json';

/** Attributes for which AMQP has a property. */
const IN_PROPERTIES: ReadonlySet<string> = new Set(['id', 'type', 'source', 'correlationid', 'datacontenttype']);

const NO_HEADERS: PublishProperties['headers'] = {};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Returns the AMQP properties of a message. The body is sent unchanged. */
export function encodeProperties({ attributes }: EventMessage, mandatory: boolean, notBefore?: number): PublishProperties {
  const { source, correlationid, datacontenttype } = attributes;
  const carried: Partial<Writable<EventAttributes>> = {};
  for (const name in attributes) if (!IN_PROPERTIES.has(name)) carried[name as 'time'] = attributes[name as 'time'];
  // all fields at once, so that all messages have one shape; headers follow when everything that they carry is known
  const properties: Writable<PublishProperties> = {
    messageId: attributes.id,
    type: attributes.type,
    appId: undefined,
    correlationId: undefined,
    contentType: undefined,
    headers: NO_HEADERS,
    mandatory,
  };
  if (isShort(source)) properties.appId = source;
  else carried.source = source;
  if (correlationid !== undefined) {
    if (isShort(correlationid)) properties.correlationId = correlationid;
    else carried.correlationid = correlationid;
  }
  if (datacontenttype !== undefined) {
    if (isShort(datacontenttype)) properties.contentType = datacontenttype;
    else carried.datacontenttype = datacontenttype;
  }
  const ce = JSON.stringify(carried);
  properties.headers = notBefore === undefined ? { [REST]: ce } : { [REST]: ce, [NOT_BEFORE]: notBefore };
  return properties;
}

function isShort(text: string): boolean {
  return text.length * 3 <= SHORT_BYTES || Buffer.byteLength(text) <= SHORT_BYTES;
}

/** Reads messages of Sluice and of other publishers. Never throws: missing attributes are derived from the other parts of the message. */
export function decodeMessage(message: ConsumeMessage): EventMessage {
  const { properties, content } = message;
  const rest = readRest(properties);
  if (rest && properties.messageId && properties.type && (properties.appId || rest.source)) {
    return { attributes: ours(properties, rest), body: content };
  }
  return { attributes: foreign(message), body: content };
}

/** Returns the due time of a delayed message in milliseconds since 1970; undefined for other messages. */
export function readNotBefore(properties: MessageProperties): number | undefined {
  const value: unknown = properties.headers?.[NOT_BEFORE];
  return typeof value === 'number' ? value : undefined;
}

/** Returns the number of earlier deliveries. The broker counts them in quorum queues only; in other queues the result is at most 1. */
export function readRedelivered({ fields, properties }: ConsumeMessage): number {
  const count: unknown = properties.headers?.['x-delivery-count'];
  if (typeof count === 'number') return count;
  return fields.redelivered ? 1 : 0;
}

/**
 * Returns whether the broker has moved the message from another queue because it was rejected or delivered too often, and not because its
 * delay has ended.
 *
 * @see https://www.rabbitmq.com/docs/dlx#effects
 */
export function readDeadLettered({ properties }: ConsumeMessage): boolean {
  const deaths: unknown = properties.headers?.['x-death'];
  return Array.isArray(deaths) && deaths.some((death: { readonly reason?: unknown }) => death.reason !== 'expired');
}

function ours(properties: MessageProperties, rest: Partial<EventAttributes>): EventAttributes {
  const attributes = rest as Writable<EventAttributes>;
  attributes.id = properties.messageId as string;
  attributes.type = properties.type as string;
  if (properties.appId !== undefined) attributes.source = properties.appId as string;
  if (properties.correlationId !== undefined) attributes.correlationid = properties.correlationId as string;
  if (properties.contentType !== undefined) attributes.datacontenttype = properties.contentType as string;
  return attributes;
}

function readRest(properties: MessageProperties): Partial<EventAttributes> | undefined {
  const text: unknown = properties.headers?.[REST];
  if (typeof text !== 'string') return undefined;
  try {
    const rest: unknown = JSON.parse(text);
    return typeof rest === 'object' && rest !== null && !Array.isArray(rest) ? rest : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a message of another publisher. CloudEvents headers have priority over AMQP properties, and those over the routing key. */
function foreign(message: ConsumeMessage): EventAttributes {
  const { properties, fields } = message;
  const headers = foreignHeaders(properties);
  const routed = isEventType(fields.routingKey) ? fields.routingKey : 'foreign.message';
  const type = [headers.type, text(properties.type)].find((name) => name !== undefined && isEventType(name)) ?? routed;
  const content = contentOf(headers.datacontenttype ?? text(properties.contentType), text(properties.contentEncoding));
  const correlationid = headers.correlationid ?? text(properties.correlationId);
  return {
    ...headers,
    id: usableId(headers.id ?? text(properties.messageId)) ?? contentId(message),
    source: headers.source ?? text(properties.appId) ?? `/rabbitmq/${fields.exchange || 'queue'}`,
    type,
    time: headers.time ?? sentAt(properties),
    ...content,
    ...(correlationid !== undefined && { correlationid }),
  };
}

/**
 * Interprets `content_encoding`: publishers write either a character set (Kombu, Spring AMQP) or a compression there. A character set
 * becomes the `charset` of the content type, which is JSON if the publisher names no type.
 */
function contentOf(
  datacontenttype: string | undefined,
  written: string | undefined,
): Pick<EventAttributes, 'datacontenttype' | 'contentencoding'> {
  const encoding = written?.trim().toLowerCase() ?? '';
  if (encoding !== '' && isCharset(encoding)) return { datacontenttype: `${datacontenttype ?? JSON_TYPE}; charset=${encoding}` };
  return {
    ...(datacontenttype !== undefined && { datacontenttype }),
    ...(encoding !== '' && !UNPACKED.has(encoding) && { contentencoding: encoding }),
  };
}

function isCharset(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

function foreignHeaders(properties: MessageProperties): { [Name in (typeof FOREIGN_NAMES)[number]]?: string } {
  const found: { [Name in (typeof FOREIGN_NAMES)[number]]?: string } = {};
  for (const [header, value] of Object.entries(properties.headers ?? {})) {
    const name = FOREIGN_PREFIX.test(header) && FOREIGN_NAMES.find((known) => known === header.replace(FOREIGN_PREFIX, ''));
    const given = text(value);
    if (name && given !== undefined) found[name] = given;
  }
  return found;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function usableId(id: string | undefined): string | undefined {
  return id !== undefined && Buffer.byteLength(id) <= MAX_ID_BYTES ? id : undefined;
}

/**
 * Returns an id that is equal for all deliveries of a message: it depends on the content and the publisher's properties, not on the
 * broker's.
 */
function contentId({ properties, fields, content }: ConsumeMessage): string {
  const own = Object.entries(properties.headers ?? {}).filter(([name]) => !name.startsWith('x-'));
  const written = [fields.exchange, fields.routingKey, properties.messageId, properties.type, properties.timestamp, own];
  return createHash('sha256').update(JSON.stringify(written)).update(content).digest('hex').slice(0, 32);
}

function sentAt(properties: MessageProperties): string {
  const seconds: unknown = properties.timestamp;
  const sent = typeof seconds === 'number' ? new Date(seconds * 1_000) : new Date();
  return Number.isNaN(sent.getTime()) ? new Date().toISOString() : sent.toISOString();
}
