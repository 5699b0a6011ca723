import type { Readable, Writable } from 'node:stream';
import {
  AbstractMessageReader,
  ErrorCodes,
  LSPErrorCodes,
  StreamMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
  type RequestMessage,
} from 'vscode-languageserver/node';

/** Maximum bytes of one message. */
const MAX_MESSAGE_BYTES = 16 * 1024 ** 2;
/** Maximum bytes of the headers of a message. */
const MAX_HEADER_BYTES = 4_096;
/** Maximum requests that wait for their answers. */
const MAX_REQUESTS = 500;
/** Output that the client has not read, in bytes, above which no further message is read. */
const MAX_UNREAD_BYTES = 4 * 1024 ** 2;

const HEADER_END = Buffer.from('\r\n\r\n');

/**
 * Reads and writes the messages of a client, and bounds what it can make the process hold: the size of a message, the number of open
 * requests and the output that it does not read. A message that is not JSON, a request before `initialize` and one after `shutdown` are
 * answered here. Bytes that are no message cannot be skipped, because nothing marks the begin of the next one: `onBroken` is called, and
 * nothing is read any more.
 */
export class ClientTransport extends AbstractMessageReader implements MessageReader {
  readonly writer: MessageWriter;
  private chunks: Buffer[] = [];
  private bytes = 0;
  /** Bytes of the body that is being read; undefined while headers are read. */
  private bodyBytes: number | undefined;
  private state: 'new' | 'initialized' | 'shutdown' | 'broken' = 'new';
  private readonly open = new Set<number | string>();

  constructor(
    private readonly input: Readable,
    private readonly output: Writable,
    private readonly onBroken: (reason: string) => void,
  ) {
    super();
    const writer = new StreamMessageWriter(output);
    this.writer = {
      onError: writer.onError,
      onClose: writer.onClose,
      write: (message) => {
        if ('id' in message && !('method' in message)) this.open.delete(message.id as number | string);
        return writer.write(message);
      },
      end: () => writer.end(),
      dispose: () => writer.dispose(),
    };
  }

  listen(callback: DataCallback): Disposable {
    const take = (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.bytes += chunk.length;
      this.readMessages(callback);
      if (this.output.writableLength <= MAX_UNREAD_BYTES || this.input.isPaused()) return;
      this.input.pause();
      this.output.once('drain', () => this.input.resume());
    };
    this.input.on('data', take);
    this.input.once('close', () => this.fireClose());
    this.input.once('end', () => this.fireClose());
    return { dispose: () => void this.input.off('data', take) };
  }

  private readMessages(callback: DataCallback): void {
    while (this.state !== 'broken') {
      if (this.bodyBytes === undefined && !this.readHeaders()) return;
      const length = this.bodyBytes ?? 0;
      if (this.bytes < length) return;
      const all = Buffer.concat(this.chunks);
      this.keep(all.subarray(length));
      this.bodyBytes = undefined;
      this.receive(all.subarray(0, length), callback);
    }
  }

  /** Reads the headers of the next message. Returns false when they are incomplete, or wrong. */
  private readHeaders(): boolean {
    if (this.bytes === 0) return false;
    const all = Buffer.concat(this.chunks);
    this.keep(all);
    const end = all.indexOf(HEADER_END);
    if (end < 0 && all.length <= MAX_HEADER_BYTES) return false;
    if (end < 0 || end > MAX_HEADER_BYTES) return this.fail(`the headers of a message have more than ${MAX_HEADER_BYTES} bytes`);
    const header = /^content-length:[ \t]*(\d{1,15})[ \t]*$/im.exec(all.subarray(0, end).toString('latin1'));
    if (!header) return this.fail('a message has no header "Content-Length" with a number');
    const length = Number(header[1]);
    if (length > MAX_MESSAGE_BYTES) return this.fail(`a message has ${length} bytes, and at most ${MAX_MESSAGE_BYTES} are read`);
    this.keep(all.subarray(end + HEADER_END.length));
    this.bodyBytes = length;
    return true;
  }

  private receive(body: Buffer, callback: DataCallback): void {
    let message: unknown;
    try {
      message = JSON.parse(body.toString());
    } catch {
      this.refuse(null, ErrorCodes.ParseError, 'the message is not JSON');
      return;
    }
    if (!isMessage(message)) this.refuse(null, ErrorCodes.InvalidRequest, 'the message is not a JSON-RPC 2.0 object');
    else if (this.isAllowed(message)) callback(message);
  }

  private isAllowed(message: Message): boolean {
    const { id, method } = message as Partial<RequestMessage>;
    // an answer to a request of the server
    if (method === undefined) return this.state === 'initialized';
    if (id === undefined || id === null) return method === 'exit' || this.state === 'initialized';
    if (method === 'initialize') {
      if (this.state !== 'new') return this.refuse(id, ErrorCodes.InvalidRequest, 'initialize is sent once');
      this.state = 'initialized';
    } else if (this.state === 'new') return this.refuse(id, ErrorCodes.ServerNotInitialized, 'send initialize first');
    else if (this.state === 'shutdown') return this.refuse(id, ErrorCodes.InvalidRequest, 'the server is shut down');
    if (this.open.has(id)) return this.refuse(id, ErrorCodes.InvalidRequest, `the request ${id} is still open`);
    if (this.open.size >= MAX_REQUESTS) {
      const message = `${MAX_REQUESTS} requests wait for their answers already`;
      return this.refuse(id, LSPErrorCodes.RequestFailed, message);
    }
    if (method === 'shutdown') this.state = 'shutdown';
    this.open.add(id);
    return true;
  }

  private refuse(id: number | string | null, code: number, message: string): false {
    const answer = { jsonrpc: '2.0', id, error: { code, message } };
    void this.writer.write(answer as Message).catch(() => undefined);
    return false;
  }

  private keep(rest: Buffer): void {
    this.chunks = rest.length === 0 ? [] : [rest];
    this.bytes = rest.length;
  }

  private fail(reason: string): false {
    this.state = 'broken';
    this.keep(Buffer.alloc(0));
    this.input.pause();
    this.onBroken(reason);
    return false;
  }
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || (value as Message).jsonrpc !== '2.0') return false;
  const { id, method } = value as { id?: unknown; method?: unknown };
  const isId = id === undefined || id === null || typeof id === 'number' || typeof id === 'string';
  return isId && (method === undefined || typeof method === 'string');
}
