/** A frame as it came, https://stomp.github.io/stomp-specification-1.2.html. Whether its command is known is the session's business. */
export interface Frame {
  readonly command: string;
  /** Unescaped; of a repeated header the first. */
  readonly headers: ReadonlyMap<string, string>;
  /** Part of the bytes that arrived where it came in one piece: not a copy. */
  readonly body: Buffer;
}

/** Why bytes are not a frame. `limit`: they may be one, but a larger one than is taken. */
export type FaultKind = 'command' | 'header' | 'escape' | 'utf8' | 'content-length' | 'terminator' | 'limit';

/** What arrived breaks the protocol: where the next frame would begin is not known, so nothing more can be read. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault';

  constructor(
    readonly kind: FaultKind,
    message: string,
  ) {
    super(message);
  }
}
