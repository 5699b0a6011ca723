import { isUtf8 } from 'node:buffer';
import { unescapeHeader } from './escape.js';
import { FrameFault, type Frame } from './frame.js';
import { ByteCollector } from './byte-collector.js';

export interface ParserLimits {
  /** Bytes of a frame from its command to the end of its body. */
  readonly maxFrame: number;
  /** Bytes of its command and headers. */
  readonly maxHead: number;
  /** Header lines. */
  readonly maxHeaders: number;
}

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0;
const MAX_COMMAND_LENGTH = 16;
const NOTHING: Buffer = Buffer.alloc(0);

/** The part of the current frame that has been read. */
interface Head {
  readonly command: string;
  readonly headers: Map<string, string>;
  lines: number;
  /** Undefined before the empty line; −1: the body ends at the first NUL. */
  bodyLength: number | undefined;
}

/**
 * Reads STOMP 1.2 frames from bytes that arrive in pieces of any size: pass each piece to `push`, then call `next` until it returns
 * undefined. Keeps no buffer between frames.
 *
 * A body that arrived in one piece is a view of that piece, so pieces must not be changed after `push`.
 */
export class FrameParser {
  limits: ParserLimits;
  #input = NOTHING;
  #at = 0;
  /** Received beginning of an incomplete line or body. */
  #collected: ByteCollector | undefined;
  /** Undefined between frames. */
  #head: Head | undefined;
  #headBytes = 0;

  constructor(limits: ParserLimits) {
    this.limits = limits;
  }

  /** True inside a frame and while bytes wait for `next`. */
  get partial(): boolean {
    return this.#head !== undefined || this.#collected !== undefined || this.#at < this.#input.length;
  }

  push(piece: Buffer): void {
    this.#input = this.#at < this.#input.length ? Buffer.concat([this.#input.subarray(this.#at), piece]) : piece;
    this.#at = 0;
  }

  /**
   * Returns the next whole frame, or undefined until more bytes are pushed. Throws {@link FrameFault}; the parser cannot be used after
   * that.
   */
  next(): Frame | undefined {
    const frame = this.#readFrame();
    if (this.#at === this.#input.length) {
      // a piece may be a view of a large buffer, which must not stay in memory while the client is idle
      this.#input = NOTHING;
      this.#at = 0;
    }
    return frame;
  }

  #readFrame(): Frame | undefined {
    this.#head ??= this.#readCommand();
    const head = this.#head;
    if (!head) return undefined;
    while (head.bodyLength === undefined) {
      if (!this.#readHeader(head)) return undefined;
    }
    const body = head.bodyLength < 0 ? this.#readBodyToNul() : this.#readBody(head.bodyLength);
    if (!body) return undefined;
    this.#head = undefined;
    this.#headBytes = 0;
    return { command: head.command, headers: head.headers, body };
  }

  /** Skips the line ends between frames, which are heart-beats. */
  #readCommand(): Head | undefined {
    for (;;) {
      if (!this.#collected && !this.#skipLineFeeds()) return undefined;
      const line = this.#takeLine();
      checkCommand(line ?? this.#collected?.take() ?? NOTHING);
      if (!line) return undefined;
      const end = endOfLine(line);
      if (end > 0) return { command: line.toString('latin1', 0, end), headers: new Map(), lines: 0, bodyLength: undefined };
      this.#headBytes = 0;
    }
  }

  #skipLineFeeds(): boolean {
    while (this.#input[this.#at] === LF) this.#at++;
    return this.#at < this.#input.length;
  }

  /** Returns false if the line is incomplete. */
  #readHeader(head: Head): boolean {
    const line = this.#readLine();
    if (!line) return false;
    const end = endOfLine(line);
    if (end === 0) {
      head.bodyLength = this.#contentLength(head.headers);
      return true;
    }
    if (++head.lines > this.limits.maxHeaders) {
      throw new FrameFault('limit', `a frame has more than ${this.limits.maxHeaders} headers`);
    }
    addHeader(head, textOf(line, end));
    return true;
  }

  #contentLength(headers: ReadonlyMap<string, string>): number {
    const text = headers.get('content-length');
    if (text === undefined) return -1;
    if (!/^\d+$/.test(text)) throw new FrameFault('content-length', 'content-length is not a number of bytes');
    const length = Number(text);
    this.#checkFrame(length);
    return length;
  }

  /** Reads a line and checks the limits for command and headers. */
  #readLine(): Buffer | undefined {
    const line = this.#takeLine();
    const arrived = line ? 0 : (this.#collected?.length ?? 0);
    if (this.#headBytes + arrived > this.limits.maxHead) {
      throw new FrameFault('limit', `the command and the headers of a frame are larger than ${this.limits.maxHead} bytes`);
    }
    this.#checkFrame(arrived);
    return line;
  }

  /** Returns a line with its line feed; undefined if the line is incomplete. */
  #takeLine(): Buffer | undefined {
    const lineFeed = this.#input.indexOf(LF, this.#at);
    if (lineFeed < 0) return this.#gather();
    const line = this.#take(lineFeed + 1);
    this.#headBytes += line.length;
    return line;
  }

  #readBody(length: number): Buffer | undefined {
    const end = this.#at + length - (this.#collected?.length ?? 0);
    if (end >= this.#input.length) return this.#gather();
    if (this.#input[end] !== NUL) throw new FrameFault('terminator', 'a body is longer than its content-length');
    return this.#takeBody(end);
  }

  #readBodyToNul(): Buffer | undefined {
    const nul = this.#input.indexOf(NUL, this.#at);
    this.#checkFrame((this.#collected?.length ?? 0) + (nul < 0 ? this.#input.length : nul) - this.#at);
    return nul < 0 ? this.#gather() : this.#takeBody(nul);
  }

  #checkFrame(moreBytes: number): void {
    if (this.#headBytes + moreBytes > this.limits.maxFrame) {
      throw new FrameFault('limit', `a frame is larger than ${this.limits.maxFrame} bytes`);
    }
  }

  #takeBody(nul: number): Buffer {
    const body = this.#take(nul);
    this.#at = nul + 1;
    return body;
  }

  /** Returns the current line or body, which ends at this index of the input. */
  #take(end: number): Buffer {
    const last = this.#input.subarray(this.#at, end);
    this.#at = end;
    if (!this.#collected) return last;
    this.#collected.add(last);
    const whole = this.#collected.take();
    this.#collected = undefined;
    return whole;
  }

  /** Keeps the rest of the input until more bytes arrive. */
  #gather(): undefined {
    if (this.#at === this.#input.length) return;
    this.#collected ??= new ByteCollector();
    this.#collected.add(this.#input.subarray(this.#at));
    this.#at = this.#input.length;
  }
}

/** Checks also the beginning of a line, so that another protocol is rejected at its first bytes. */
function checkCommand(line: Buffer): void {
  const end = endOfLine(line);
  for (let at = 0; at < end; at++) {
    const byte = line[at] ?? NUL;
    if (byte < 0x41 || byte > 0x5a || at === MAX_COMMAND_LENGTH) {
      throw new FrameFault('command', 'the bytes are not STOMP: a frame begins with a command in capital letters');
    }
  }
}

function addHeader({ command, headers }: Head, text: string): void {
  const colon = text.indexOf(':');
  if (colon < 1) throw new FrameFault('header', 'a header must be a name, a colon and a value');
  if (text.includes('\r') || text.includes('\0')) throw new FrameFault('header', 'a header contains a carriage return or a NUL');
  // CONNECT and CONNECTED have no escapes, for compatibility with STOMP 1.0
  const plain = command === 'CONNECT' || command === 'CONNECTED';
  const name = plain ? text.slice(0, colon) : unescaped(text.slice(0, colon));
  const value = plain ? text.slice(colon + 1) : unescaped(text.slice(colon + 1));
  if (!headers.has(name)) headers.set(name, value);
}

function unescaped(text: string): string {
  const plain = unescapeHeader(text);
  if (plain === undefined) throw new FrameFault('escape', 'a header contains an unknown escape: use \\n, \\r, \\c and \\\\ only');
  return plain;
}

/** Returns the length of the line without its line feed and one carriage return before it. */
function endOfLine(line: Buffer): number {
  let end = line.length;
  if (line[end - 1] === LF) end--;
  if (line[end - 1] === CR) end--;
  return end;
}

function textOf(line: Buffer, end: number): string {
  const text = line.toString('utf8', 0, end);
  // the decoder puts this character in place of invalid UTF-8, and a client may also send it
  if (text.includes('\ufffd') && !isUtf8(line.subarray(0, end))) throw new FrameFault('utf8', 'a header is not UTF-8');
  return text;
}
