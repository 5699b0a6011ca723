import { escapeHeader } from './escape.js';
import { END_OF_FRAME, type EncodedMessage } from './message-frame.js';

/** A frame to send. */
export interface OutgoingFrame {
  /** The beginning of a MESSAGE, or the whole of another frame. */
  readonly start: string;
  readonly message: EncodedMessage | undefined;
}

/** Returns a frame other than a MESSAGE. Headers of CONNECTED must not need escapes, because STOMP does not allow them there. */
export function wholeFrame(command: string, headers: Readonly<Record<string, string>>, body = ''): OutgoingFrame {
  let start = `${command}\n`;
  for (const [name, value] of Object.entries(headers)) start += `${name}:${escapeHeader(value)}\n`;
  if (body !== '') start += `content-length:${Buffer.byteLength(body)}\n`;
  return { start: `${start}\n${body}${END_OF_FRAME.toString()}`, message: undefined };
}

/** Frames up to this total size are joined into one buffer. */
const MAX_JOINED_BYTES = 64 * 1024;

/** Returns the bytes of frames in few buffers: short frames are copied together, a long body is not copied. */
export function joinFrames(frames: readonly OutgoingFrame[]): Buffer[] {
  const [only] = frames;
  // the most frequent case
  if (only && frames.length === 1 && !only.message?.longBody) return [joinHeads(frames, headLength(only))];
  return joinMany(frames);
}

function joinMany(frames: readonly OutgoingFrame[]): Buffer[] {
  const buffers: Buffer[] = [];
  let group: OutgoingFrame[] = [];
  let bytes = 0;
  const joinGroup = () => {
    if (bytes > 0) buffers.push(joinHeads(group, bytes));
    group = [];
    bytes = 0;
  };
  for (const frame of frames) {
    const length = headLength(frame);
    if (bytes + length > MAX_JOINED_BYTES) joinGroup();
    group.push(frame);
    bytes += length;
    if (!frame.message?.longBody) continue;
    joinGroup();
    buffers.push(frame.message.longBody, END_OF_FRAME);
  }
  joinGroup();
  return buffers;
}

function headLength({ start, message }: OutgoingFrame): number {
  return Buffer.byteLength(start) + (message?.shortBytes ?? 0);
}

/** Joins the frames without their long bodies. */
function joinHeads(frames: readonly OutgoingFrame[], bytes: number): Buffer {
  const joined = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { start, message } of frames) at = message ? message.writeTo(joined, at, start) : at + joined.write(start, at);
  return joined;
}
