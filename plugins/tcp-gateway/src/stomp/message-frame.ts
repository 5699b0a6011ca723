import { escapeHeader } from './escape.js';

/** A MESSAGE for any number of sessions. */
export interface MessageContent {
  readonly destination: string;
  /** Header `message-id`. */
  readonly id: string;
  readonly contentType?: string;
  /** Further headers, unescaped. They must not repeat the headers of the other fields, nor `subscription`, `ack` and `redelivered`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The part of a MESSAGE frame that is the same for all receivers. It is encoded once and delivered to many. */
export interface EncodedMessage {
  readonly destination: string;
  /** Follows the headers of the session: more headers, an empty line and, if the body is short, the body and the end of the frame. */
  readonly head: Buffer;
  /** A long body, which is not copied; the end of the frame follows it. */
  readonly body: Buffer | undefined;
  readonly bytes: number;
}

/**
 * NUL and a line feed. Clients such as php-stomp read the second of two frames that arrive together only after a line feed. RabbitMQ and
 * ActiveMQ send it too.
 */
export const END_OF_FRAME = Buffer.from('\0\n');

/** Above this length a second buffer in one write is cheaper than a copy. */
const MAX_COPIED_BODY_BYTES = 16 * 1024;

/** Encodes a message for all its receivers. The body must not be changed afterwards, because a long body is not copied. */
export function encodeMessage(content: MessageContent): EncodedMessage {
  const { destination, body } = content;
  const text = headOf(content);
  if (body.length > MAX_COPIED_BODY_BYTES) {
    const head = Buffer.from(text);
    return { destination, head, body, bytes: head.length + body.length + END_OF_FRAME.length };
  }
  const length = Buffer.byteLength(text);
  const head = Buffer.allocUnsafe(length + body.length + END_OF_FRAME.length);
  head.write(text);
  body.copy(head, length);
  END_OF_FRAME.copy(head, length + body.length);
  return { destination, head, body: undefined, bytes: head.length };
}

function headOf({ destination, id, contentType, headers, body }: MessageContent): string {
  let head = `destination:${escapeHeader(destination)}\nmessage-id:${escapeHeader(id)}\n`;
  if (contentType !== undefined) head += `content-type:${escapeHeader(contentType)}\n`;
  for (const name in headers) head += `${escapeHeader(name)}:${escapeHeader(headers[name] ?? '')}\n`;
  return `${head}content-length:${body.length}\n\n`;
}
