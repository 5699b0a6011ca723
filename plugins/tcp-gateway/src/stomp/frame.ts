/** A received frame, https://stomp.github.io/stomp-specification-1.2.html. Its command may be unknown: the session checks that. */
export interface Frame {
  readonly command: string;
  /** Unescaped. A repeated header has its first value. */
  readonly headers: ReadonlyMap<string, string>;
  /** A view of the received bytes, not a copy, if the body arrived in one piece. */
  readonly body: Buffer;
}

/** Reason why bytes are not a frame. `limit`: the frame exceeds a limit of the parser. */
export type FaultKind = 'command' | 'header' | 'escape' | 'utf8' | 'content-length' | 'terminator' | 'limit';

/** A violation of the protocol. The start of the next frame is unknown, so nothing more can be read. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault';

  constructor(
    readonly kind: FaultKind,
    message: string,
  ) {
    super(message);
  }
}
