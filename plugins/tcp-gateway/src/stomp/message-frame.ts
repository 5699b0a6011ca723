import { escapeHeader } from './escape.js';

/** A MESSAGE for any number of sessions. */
export interface MessageContent {
  readonly destination: string;
  /** Header `message-id`. */
  readonly id: string;
  readonly contentType?: string | undefined;
  /** Further headers, unescaped. They must not repeat the headers of the other fields, nor `subscription`, `ack` and `redelivered`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Header `seq`: the place in the mailbox. */
  readonly seq?: number | undefined;
  readonly body: Buffer;
}

/**
 * NUL and a line feed. Clients such as php-stomp read the second of two frames that arrive together only after a line feed. RabbitMQ and
 * ActiveMQ send it too.
 */
export const END_OF_FRAME = Buffer.from('\0\n');

/** Above this length a second buffer in one write is cheaper than a copy. */
const MAX_COPIED_BODY_BYTES = 16 * 1024;

/** The part of a MESSAGE frame that is the same for all receivers. It follows the headers of the session. */
export class EncodedMessage {
  /** A long body, which is not copied; the end of the frame follows it. */
  readonly longBody: Buffer | undefined;
  /** Bytes of this part, the end of the frame included. */
  readonly bytes: number;
  /** The headers and, if the body is short, the body and the end of the frame. */
  #encoded: Buffer | undefined;
  /** Bytes of the headers and the empty line. */
  readonly #headBytes: number;
  #copies = 0;

  /** @param head more headers and an empty line */
  constructor(
    readonly destination: string,
    private readonly head: string,
    private readonly body: Buffer,
  ) {
    this.longBody = body.length > MAX_COPIED_BODY_BYTES ? body : undefined;
    this.#headBytes = Buffer.byteLength(head);
    this.bytes = this.#headBytes + body.length + END_OF_FRAME.length;
  }

  /** Bytes that {@link writeTo} writes: all but a long body and the end of its frame. */
  get shortBytes(): number {
    return this.longBody ? this.#headBytes : this.bytes;
  }

  /**
   * Writes `start` and this part without a long body, and returns the index after it. The first receiver gets the text directly, because most
   * events have one receiver: a buffer for this part alone and its copy took 1.0 of 1.9 us. Further receivers get a copy of the encoded part.
   */
  writeTo(target: Buffer, at: number, start: string): number {
    this.#copies++;
    if (this.#copies > 1) {
      this.#encoded ??= this.#encode();
      const next = at + target.write(start, at);
      return next + this.#encoded.copy(target, next);
    }
    // one call for both texts
    return this.#writeBody(target, at + target.write(start + this.head, at));
  }

  #encode(): Buffer {
    const encoded = Buffer.allocUnsafe(this.shortBytes);
    this.#writeBody(encoded, encoded.write(this.head));
    return encoded;
  }

  #writeBody(target: Buffer, at: number): number {
    if (this.longBody) return at;
    const end = at + this.body.copy(target, at);
    return end + END_OF_FRAME.copy(target, end);
  }
}

/** Encodes a message for all its receivers. The body must not be changed afterwards. */
export function encodeMessage(content: MessageContent): EncodedMessage {
  return new EncodedMessage(content.destination, headOf(content), content.body);
}

function headOf({ destination, id, contentType, headers, seq, body }: MessageContent): string {
  let head = `destination:${escapeHeader(destination)}\nmessage-id:${escapeHeader(id)}\n`;
  if (contentType !== undefined) head += `content-type:${escapeHeader(contentType)}\n`;
  for (const name in headers) head += `${escapeHeader(name)}:${escapeHeader(headers[name] ?? '')}\n`;
  if (seq !== undefined) head += `seq:${seq}\n`;
  return `${head}content-length:${body.length}\n\n`;
}
