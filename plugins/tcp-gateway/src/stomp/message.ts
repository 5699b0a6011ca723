import { escapeHeader } from './escape.js';

/** A MESSAGE for any number of sessions. */
export interface MessageContent {
  readonly destination: string;
  /** Header `message-id`. */
  readonly id: string;
  readonly contentType?: string;
  /** Further headers, unescaped; none of those that this interface names otherwise, nor `subscription`, `ack`, `redelivered`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** All of a MESSAGE frame that is the same for everybody: encode once, deliver to many. */
export interface EncodedMessage {
  readonly destination: string;
  /** What follows the headers of the session: more headers, an empty line and, when they are short, the body and the end of the frame. */
  readonly head: Buffer;
  /** A body that is too long to be worth copying; the end of the frame follows it. */
  readonly body: Buffer | undefined;
  readonly bytes: number;
}

/**
 * The line feed after the NUL is for clients such as php-stomp: of two frames that arrive together they read the second only after a line feed.
 * RabbitMQ and ActiveMQ send it too.
 */
export const END_OF_FRAME = Buffer.from('\0\n');

/** Above this a second buffer in one write is cheaper than a copy. */
const LONG_BODY = 16 * 1024;

/** Encodes what is the same for all receivers. The body may not be changed afterwards: a long one is not copied. */
export function encodeMessage(content: MessageContent): EncodedMessage {
  const { destination, body } = content;
  const text = headOf(content);
  if (body.length > LONG_BODY) {
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
