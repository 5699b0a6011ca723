/** A frame of a STOMP 1.2 server. Headers are not unescaped. */
export interface ServerFrame {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const NOTHING: Buffer = Buffer.alloc(0);
const LF = 0x0a;

/** Reads the frames of a correct server; it does not validate them. */
export class FrameReader {
  #rest = NOTHING;

  /** Returns the frames that these bytes complete. */
  read(piece: Buffer): ServerFrame[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
    const frames: ServerFrame[] = [];
    let at = 0;
    for (;;) {
      while (bytes[at] === LF) at++;
      const read = readFrame(bytes, at);
      if (!read) break;
      frames.push(read.frame);
      at = read.end;
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : NOTHING;
    return frames;
  }
}

function readFrame(bytes: Buffer, from: number): { frame: ServerFrame; end: number } | undefined {
  const headEnd = bytes.indexOf('\n\n', from);
  if (headEnd < 0) return undefined;
  const [command = '', ...lines] = bytes.toString('utf8', from, headEnd).split('\n');
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
  const bodyAt = headEnd + 2;
  const length = headers.get('content-length');
  const end = length === undefined ? bytes.indexOf(0, bodyAt) : bodyAt + Number(length);
  if (end < 0 || end >= bytes.length) return undefined;
  return { frame: { command, headers, body: bytes.subarray(bodyAt, end) }, end: end + 1 };
}

/** Returns the text of a client frame. Values must need no escapes, and the body must not contain U+0000. */
export function clientFrame(command: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}
