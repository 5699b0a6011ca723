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
  /** What follows the headers of the session: more headers, an empty line and, when they are short, the body and the NUL. */
  readonly head: Buffer;
  /** A body that is too long to be worth copying; its NUL follows it. */
  readonly body: Buffer | undefined;
  readonly bytes: number;
}

/** Above this a second buffer in one write is cheaper than a copy. */
const LONG_BODY = 16 * 1024;

/** Encodes what is the same for all receivers. The body may not be changed afterwards: a long one is not copied. */
export function encodeMessage(content: MessageContent): EncodedMessage {
  let head = `destination:${escapeHeader(content.destination)}\nmessage-id:${escapeHeader(content.id)}\n`;
  if (content.contentType !== undefined) head += `content-type:${escapeHeader(content.contentType)}\n`;
  for (const [name, value] of Object.entries(content.headers ?? {})) head += `${escapeHeader(name)}:${escapeHeader(value)}\n`;
  head += `content-length:${content.body.length}\n\n`;
  const { destination, body } = content;
  if (body.length > LONG_BODY) {
    const bytes = Buffer.from(head);
    return { destination, head: bytes, body, bytes: bytes.length + body.length + 1 };
  }
  const length = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(length + body.length + 1);
  bytes.write(head);
  body.copy(bytes, length);
  bytes[bytes.length - 1] = 0;
  return { destination, head: bytes, body: undefined, bytes: bytes.length };
}
