import { RAW_OUTPUT, RAW_OUTPUT_END } from './packet.js';

const LF = 10;
const CR = 13;
/** Maximum size of a packet in memory. No packet of Asterisk is that long. */
const MAX_PACKET_BYTES = 1024 * 1024;
const RAW_FIRST_BYTE = RAW_OUTPUT.charCodeAt(0);

export interface PacketSink {
  /** Receives the greeting: one line, without a blank line after it. */
  banner(line: string): void;
  /** Receives one packet without the blank line at its end. It must not keep the bytes. */
  packet(bytes: Buffer): void;
  /** Called for each packet that was dropped because of its length. */
  oversized(): void;
}

/**
 * Splits the bytes of a connection into packets, independently of the segments of the network. It looks only for line ends (CRLF, or LF
 * alone), which are the same bytes in every encoding of a dialplan, so that no letter is split.
 */
export class PacketReader {
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private lineBytes = 0;
  private greeted = false;
  private skipping = false;

  constructor(
    private readonly sink: PacketSink,
    private readonly limit = MAX_PACKET_BYTES,
  ) {}

  push(chunk: Buffer): void {
    let start = 0;
    let line = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, line)) {
      const blank = this.lineBytes === 0 && (end === line || (end === line + 1 && chunk[line] === CR));
      line = end + 1;
      this.lineBytes = 0;
      if (this.greeted && !blank) continue;
      this.keep(chunk.subarray(start, line));
      start = line;
      this.endPacket();
    }
    this.countBytes(chunk, line);
    if (start < chunk.length) this.keep(chunk.subarray(start));
  }

  /** Counts the bytes of a line whose end has not arrived, without the CR before it. */
  private countBytes(chunk: Buffer, from: number): void {
    const bytes = chunk.length - from;
    this.lineBytes += bytes > 0 && chunk[chunk.length - 1] === CR ? bytes - 1 : bytes;
  }

  private keep(part: Buffer): void {
    if (this.skipping) return;
    this.kept.push(part);
    this.keptBytes += part.length;
    if (this.keptBytes <= this.limit) return;
    this.skipping = true;
    this.forget();
  }

  private forget(): void {
    this.kept = [];
    this.keptBytes = 0;
  }

  /** Emits the packet before a blank line, or the greeting. */
  private endPacket(): void {
    if (this.skipping) {
      this.skipping = false;
      this.sink.oversized();
      return;
    }
    const [first] = this.kept;
    const bytes = this.kept.length === 1 && first ? first : Buffer.concat(this.kept);
    if (this.greeted && isUnfinishedOutput(bytes)) {
      this.kept = [bytes];
      return;
    }
    this.forget();
    const end = lengthWithoutLineEnds(bytes);
    if (!this.greeted) {
      this.greeted = true;
      this.sink.banner(bytes.toString('latin1', 0, end));
    } else if (end > 0) this.sink.packet(bytes.subarray(0, end));
  }
}

/** Returns true for the raw output of a command before its last line: it may contain blank lines. */
function isUnfinishedOutput(bytes: Buffer): boolean {
  return (
    bytes[0] === RAW_FIRST_BYTE &&
    bytes.toString('latin1', 0, RAW_OUTPUT.length) === RAW_OUTPUT &&
    !bytes.includes(RAW_OUTPUT_END)
  );
}

function lengthWithoutLineEnds(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LF || bytes[end - 1] === CR)) end--;
  return end;
}
