import { escapeHeader } from './escape.js';
import { END_OF_FRAME, type EncodedMessage } from './message.js';

/** A frame on its way out. */
export interface OutgoingFrame {
  /** The beginning of a MESSAGE, or the whole of another frame. */
  readonly start: string;
  readonly message: EncodedMessage | undefined;
}

/** A whole frame other than a MESSAGE. Headers of CONNECTED must not need escapes: that frame has none. */
export function wholeFrame(command: string, headers: Readonly<Record<string, string>>, body = ''): OutgoingFrame {
  let start = `${command}\n`;
  for (const [name, value] of Object.entries(headers)) start += `${name}:${escapeHeader(value)}\n`;
  if (body !== '') start += `content-length:${Buffer.byteLength(body)}\n`;
  return { start: `${start}\n${body}${END_OF_FRAME.toString()}`, message: undefined };
}

/** Frames up to this size together go out as one buffer. */
const ONE_BUFFER = 64 * 1024;

/** The bytes of frames in as few buffers as is cheap: short ones are copied together, a long body is left where it is. */
export function joinFrames(frames: readonly OutgoingFrame[]): Buffer[] {
  const [only] = frames;
  // what a client is mostly sent
  if (only && frames.length === 1 && !only.message?.body) return [joinHeads(frames, headLength(only))];
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
    if (bytes + length > ONE_BUFFER) joinGroup();
    group.push(frame);
    bytes += length;
    if (!frame.message?.body) continue;
    joinGroup();
    buffers.push(frame.message.body, END_OF_FRAME);
  }
  joinGroup();
  return buffers;
}

function headLength({ start, message }: OutgoingFrame): number {
  return Buffer.byteLength(start) + (message?.head.length ?? 0);
}

/** All but long bodies. */
function joinHeads(frames: readonly OutgoingFrame[], bytes: number): Buffer {
  const joined = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { start, message } of frames) {
    at += joined.write(start, at);
    if (message) at += message.head.copy(joined, at);
  }
  return joined;
}
