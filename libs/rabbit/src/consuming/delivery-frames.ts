import type { ChannelModel, ConsumeMessage, MessageProperties } from 'amqplib';

/** Octets of AMQP 0-9-1, sections 2.3.5 and 4.2: https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf */
const METHOD_FRAME = 1;
const HEADER_FRAME = 2;
const BODY_FRAME = 3;
const FRAME_END = 0xce;
/** Type, channel and size of a frame; the end octet follows its payload. */
const FRAME_HEADER_BYTES = 7;
/** Class and method of `basic.deliver`. */
const DELIVER = 0x003c003c;
const BASIC_CLASS = 60;

const enum Flag {
  contentType = 0x8000,
  headers = 0x2000,
  deliveryMode = 0x1000,
  correlationId = 0x0400,
  messageId = 0x0080,
  type = 0x0020,
  appId = 0x0008,
}
/** Properties that Sluice writes. A message with any other is read by amqplib. */
const KNOWN_FLAGS =
  Flag.contentType | Flag.headers | Flag.deliveryMode | Flag.correlationId | Flag.messageId | Flag.type | Flag.appId;

const TYPE_LONG_STRING = 0x53; // S
const TYPE_INT64 = 0x6c; // l
const TYPE_INT32 = 0x49; // I

/** The parts of a connection of amqplib that this module uses. They are private there; the version of amqplib is pinned, and the spec fails without them. */
interface Internals {
  rest: Buffer;
  recvFrame: () => unknown;
  readonly accept: unknown;
  readonly channels: readonly ({ readonly channel: InternalChannel } | null | undefined)[];
}

interface InternalChannel {
  readonly accept: unknown;
  readonly consumers?: ReadonlyMap<string, unknown>;
  readonly handleDelivery?: (message: ConsumeMessage) => void;
}

/**
 * Reads the deliveries of a connection in one pass over the received bytes, and passes them to the channel as amqplib would. amqplib makes
 * three frames of each delivery, and for each of them two buffers, an object and an event, which takes 4.2 to 4.6 µs of processor time for
 * a message of 500 bytes; this takes 1.1 to 1.2 µs (Node 20, both in turns in one process).
 *
 * Only messages that are complete in the buffer and have the usual properties are read here. Everything else is left to amqplib at
 * the same place of the stream: parts of messages, large bodies, properties of other publishers, channels that are closing, broken frames.
 */
export function readDeliveriesDirectly({ connection }: ChannelModel): void {
  const internals = connection as unknown as Internals;
  const reader = new DeliveryReader(internals);
  const receiveFrame = internals.recvFrame.bind(connection);
  // amqplib calls it for each frame, also without a caller outside whenever more bytes have arrived
  internals.recvFrame = () => {
    const { rest } = internals;
    const end = reader.takeAll(rest);
    if (end > 0) internals.rest = rest.subarray(end);
    return receiveFrame();
  };
}

/** Reads the complete deliveries at the beginning of a buffer. */
class DeliveryReader {
  // These texts are nearly always the same as in the message before, so their bytes are compared instead of decoded:
  // 0.9 µs per message less.
  readonly #consumerTag = new RecentText();
  readonly #exchange = new RecentText();
  readonly #routingKey = new RecentText();
  readonly #contentType = new RecentText();
  readonly #type = new RecentText();
  readonly #appId = new RecentText();
  readonly #headerName = new RecentText();
  /** amqplib replaces this method of a connection that is closing: it drops all deliveries from then on. */
  readonly #acceptWhenOpen: unknown;

  constructor(private readonly connection: Internals) {
    this.#acceptWhenOpen = connection.accept;
  }

  /** Passes on all deliveries at the beginning of the buffer, up to the first frame that amqplib must read. Returns where that begins. */
  takeAll(buffer: Buffer): number {
    let at = 0;
    while (buffer[at] === METHOD_FRAME && this.connection.accept === this.#acceptWhenOpen) {
      const end = this.#take(buffer, at);
      if (end === 0) break;
      at = end;
    }
    return at;
  }

  /** Passes on the delivery that begins there. Returns its end, or 0 when amqplib must read it. */
  #take(buffer: Buffer, at: number): number {
    const channelNumber = uint16(buffer, at + 1);
    const headerAt = frameEnd(buffer, at, METHOD_FRAME, channelNumber);
    if (headerAt === 0 || uint32(buffer, at + FRAME_HEADER_BYTES) !== DELIVER) return 0;
    const bodyAt = frameEnd(buffer, headerAt, HEADER_FRAME, channelNumber);
    if (bodyAt === 0) return 0;
    const propertiesAt = headerAt + FRAME_HEADER_BYTES;
    const size = uint32(buffer, propertiesAt + 8);
    // a message has no body frame when it is empty, and several when it is large
    const end = size === 0 ? 0 : frameEnd(buffer, bodyAt, BODY_FRAME, channelNumber);
    if (end === 0 || uint32(buffer, propertiesAt + 4) !== 0 || end - bodyAt !== FRAME_HEADER_BYTES + size + 1) return 0;

    const channel = this.connection.channels[channelNumber]?.channel;
    const fields = this.#readFields(buffer, at + FRAME_HEADER_BYTES + 4);
    if (!channel?.consumers?.has(fields.consumerTag) || !channel.handleDelivery || isClosing(channel)) return 0;
    if (uint16(buffer, propertiesAt) !== BASIC_CLASS) return 0;
    const properties = this.#readProperties(buffer, propertiesAt + 12);
    if (!properties) return 0;
    const content = buffer.subarray(bodyAt + FRAME_HEADER_BYTES, end - 1);
    channel.handleDelivery({ fields, properties, content });
    return end;
  }

  #readFields(buffer: Buffer, from: number): ConsumeMessage['fields'] {
    let at = from;
    const consumerTag = this.#consumerTag.read(buffer, at);
    at += 1 + byte(buffer, at);
    const deliveryTag = uint32(buffer, at) * 2 ** 32 + uint32(buffer, at + 4);
    const redelivered = (byte(buffer, at + 8) & 1) === 1;
    at += 9;
    const exchange = this.#exchange.read(buffer, at);
    at += 1 + byte(buffer, at);
    return { consumerTag, deliveryTag, redelivered, exchange, routingKey: this.#routingKey.read(buffer, at) };
  }

  /** Returns undefined for properties that amqplib must read. */
  #readProperties(buffer: Buffer, from: number): MessageProperties | undefined {
    const flags = uint16(buffer, from);
    if ((flags & ~KNOWN_FLAGS) !== 0) return undefined;
    const properties = noProperties();
    let at = from + 2;
    if (flags & Flag.contentType) {
      properties.contentType = this.#contentType.read(buffer, at);
      at += 1 + byte(buffer, at);
    }
    if (flags & Flag.headers) {
      const end = at + 4 + uint32(buffer, at);
      const headers = this.#readHeaders(buffer, at + 4, end);
      if (!headers) return undefined;
      properties.headers = headers;
      at = end;
    }
    if (flags & Flag.deliveryMode) properties.deliveryMode = byte(buffer, at++);
    if (flags & Flag.correlationId) {
      properties.correlationId = shortText(buffer, at);
      at += 1 + byte(buffer, at);
    }
    if (flags & Flag.messageId) {
      properties.messageId = shortText(buffer, at);
      at += 1 + byte(buffer, at);
    }
    if (flags & Flag.type) {
      properties.type = this.#type.read(buffer, at);
      at += 1 + byte(buffer, at);
    }
    if (flags & Flag.appId) properties.appId = this.#appId.read(buffer, at);
    return properties;
  }

  /** Returns undefined for a table with values that only other publishers write. */
  #readHeaders(buffer: Buffer, from: number, end: number): Record<string, unknown> | undefined {
    const headers: Record<string, unknown> = {};
    for (let at = from; at < end;) {
      const name = this.#headerName.read(buffer, at);
      if (name === '__proto__') return undefined;
      at += 1 + byte(buffer, at);
      switch (byte(buffer, at++)) {
        case TYPE_LONG_STRING: {
          const textEnd = at + 4 + uint32(buffer, at);
          headers[name] = buffer.toString('utf8', at + 4, textEnd);
          at = textEnd;
          break;
        }
        case TYPE_INT32:
          headers[name] = uint32(buffer, at) | 0;
          at += 4;
          break;
        case TYPE_INT64:
          headers[name] = (uint32(buffer, at) | 0) * 2 ** 32 + uint32(buffer, at + 4);
          at += 8;
          break;
        default:
          return undefined;
      }
    }
    return headers;
  }
}

/** The text of a short string that was read last. */
class RecentText {
  #text = '';
  #bytes = Buffer.alloc(0);

  /** Reads the short string that begins there. */
  read(buffer: Buffer, at: number): string {
    const length = byte(buffer, at);
    if (length !== this.#bytes.length || !this.#isSame(buffer, at + 1)) {
      this.#bytes = Buffer.from(buffer.subarray(at + 1, at + 1 + length));
      this.#text = this.#bytes.toString('utf8');
    }
    return this.#text;
  }

  #isSame(buffer: Buffer, from: number): boolean {
    const bytes = this.#bytes;
    for (let n = 0; n < bytes.length; n++) if (bytes[n] !== buffer[from + n]) return false;
    return true;
  }
}

/** Returns the end of a frame; 0 when it is not complete, broken, or another one. */
function frameEnd(buffer: Buffer, at: number, type: number, channel: number): number {
  if (at + FRAME_HEADER_BYTES > buffer.length || buffer[at] !== type || uint16(buffer, at + 1) !== channel) return 0;
  const end = at + FRAME_HEADER_BYTES + uint32(buffer, at + 3) + 1;
  return end <= buffer.length && buffer[end - 1] === FRAME_END ? end : 0;
}

/** amqplib replaces this method of a channel that is closing or closed. */
function isClosing(channel: InternalChannel): boolean {
  return Object.hasOwn(channel, 'accept');
}

/** All properties, because amqplib also returns them all: code that reads messages of both must see objects of one shape. */
function noProperties(): { -readonly [Name in keyof MessageProperties]: MessageProperties[Name] } {
  return {
    contentType: undefined,
    contentEncoding: undefined,
    headers: undefined,
    deliveryMode: undefined,
    priority: undefined,
    correlationId: undefined,
    replyTo: undefined,
    expiration: undefined,
    messageId: undefined,
    timestamp: undefined,
    type: undefined,
    userId: undefined,
    appId: undefined,
    clusterId: undefined,
  };
}

function shortText(buffer: Buffer, at: number): string {
  return buffer.toString('utf8', at + 1, at + 1 + byte(buffer, at));
}

// Plain indexing: the methods of Buffer check their arguments at each call.
function byte(buffer: Buffer, at: number): number {
  return buffer[at] as number;
}

function uint16(buffer: Buffer, at: number): number {
  return (byte(buffer, at) << 8) | byte(buffer, at + 1);
}

function uint32(buffer: Buffer, at: number): number {
  return ((byte(buffer, at) << 24) | (byte(buffer, at + 1) << 16) | (byte(buffer, at + 2) << 8) | byte(buffer, at + 3)) >>> 0;
}
