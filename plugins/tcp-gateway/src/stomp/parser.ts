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

/** What is known of the frame that is being read. */
interface Head {
  readonly command: string;
  readonly headers: Map<string, string>;
  lines: number;
  /** Undefined before the empty line; −1: the body ends at the first NUL. */
  bodyLength: number | undefined;
}

/**
 * Reads STOMP 1.2 frames from bytes that arrive in any pieces: `push` what came, then call `next` until it gives nothing. Keeps no
 * buffer between frames.
 *
 * A body that came in one piece is handed on as part of that piece. So pieces may not be changed after they were pushed.
 */
export class FrameParser {
  limits: ParserLimits;
  #input = NOTHING;
  #at = 0;
  /** The line or body of which only the beginning is here. */
  #collected: ByteCollector | undefined;
  /** Undefined between frames. */
  #head: Head | undefined;
  #headBytes = 0;

  constructor(limits: ParserLimits) {
    this.limits = limits;
  }

  /** A frame has begun and has not ended, or bytes wait for `next`. */
  get partial(): boolean {
    return this.#head !== undefined || this.#collected !== undefined || this.#at < this.#input.length;
  }

  push(piece: Buffer): void {
    this.#input = this.#at < this.#input.length ? Buffer.concat([this.#input.subarray(this.#at), piece]) : piece;
    this.#at = 0;
  }

  /** The next complete frame, or undefined until more is pushed. Throws FrameFault; after that the parser is of no more use. */
  next(): Frame | undefined {
    const frame = this.#readFrame();
    if (this.#at === this.#input.length) {
      // a piece may be part of something large: it is not to be kept while the client is idle
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

  /** False when the line is not complete. */
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

  /** Within the limits of a head. */
  #readLine(): Buffer | undefined {
    const line = this.#takeLine();
    const arrived = line ? 0 : (this.#collected?.length ?? 0);
    if (this.#headBytes + arrived > this.limits.maxHead) {
      throw new FrameFault('limit', `the command and the headers of a frame are larger than ${this.limits.maxHead} bytes`);
    }
    this.#checkFrame(arrived);
    return line;
  }

  /** A line with its line feed; undefined when it is not complete. */
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
    if (this.#input[end] !== NUL) throw new FrameFault('terminator', 'a body is longer than its content-length says');
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

  /** The current line or body, which ends at this place of the input. */
  #take(end: number): Buffer {
    const last = this.#input.subarray(this.#at, end);
    this.#at = end;
    if (!this.#collected) return last;
    this.#collected.add(last);
    const whole = this.#collected.take();
    this.#collected = undefined;
    return whole;
  }

  /** Keeps the rest of the input until more comes. */
  #gather(): undefined {
    if (this.#at === this.#input.length) return;
    this.#collected ??= new ByteCollector();
    this.#collected.add(this.#input.subarray(this.#at));
    this.#at = this.#input.length;
  }
}

/** Also for the beginning of a line, so that another protocol is refused at its first bytes. */
function checkCommand(line: Buffer): void {
  const end = endOfLine(line);
  for (let at = 0; at < end; at++) {
    const byte = line[at] ?? NUL;
    if (byte < 0x41 || byte > 0x5a || at === MAX_COMMAND_LENGTH) {
      throw new FrameFault('command', 'what arrives is not STOMP: a frame begins with a command in capital letters');
    }
  }
}

function addHeader({ command, headers }: Head, text: string): void {
  const colon = text.indexOf(':');
  if (colon < 1) throw new FrameFault('header', 'a header is a name, a colon and a value');
  if (text.includes('\r') || text.includes('\0')) throw new FrameFault('header', 'a header holds a carriage return or a NUL');
  // CONNECT and CONNECTED are as STOMP 1.0 had them: without escapes
  const plain = command === 'CONNECT' || command === 'CONNECTED';
  const name = plain ? text.slice(0, colon) : unescaped(text.slice(0, colon));
  const value = plain ? text.slice(colon + 1) : unescaped(text.slice(colon + 1));
  if (!headers.has(name)) headers.set(name, value);
}

function unescaped(text: string): string {
  const plain = unescapeHeader(text);
  if (plain === undefined) throw new FrameFault('escape', 'a header holds a backslash that is none of \\n, \\r, \\c and \\\\');
  return plain;
}

/** Without the line feed and one carriage return before it. */
function endOfLine(line: Buffer): number {
  let end = line.length;
  if (line[end - 1] === LF) end--;
  if (line[end - 1] === CR) end--;
  return end;
}

function textOf(line: Buffer, end: number): string {
  const text = line.toString('utf8', 0, end);
  // the decoder leaves this mark in place of what is no UTF-8, and it may also have been sent
  if (text.includes('\ufffd') && !isUtf8(line.subarray(0, end))) throw new FrameFault('utf8', 'a header is not UTF-8');
  return text;
}
