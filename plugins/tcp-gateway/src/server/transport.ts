import type { OutgoingFrame } from '../stomp/output.js';

/** Called when the operating system has taken all of it, or with the reason why it will not. */
export type Done = (error?: Error | null) => void;

/** A client's end of the line: TCP, TLS or WebSocket, which the session does not tell apart. */
export interface Transport {
  readonly address: string;
  /** Bytes that were sent and that the operating system has not taken yet: the client does not read them. */
  readonly buffered: number;
  /** Bytes that it has taken. */
  readonly flushed: number;
  open(owner: TransportOwner): void;
  /** The client has been let in: it may send as much as anybody. */
  trust(): void;
  send(frames: readonly OutgoingFrame[], done?: Done): void;
  /** One line feed. */
  beat(): void;
  /** Reads no more: the client is held back by TCP. */
  pause(): void;
  resume(): void;
  /** Closes after everything that was sent. What still comes is thrown away. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface TransportOwner {
  received(piece: Buffer): void;
  /** So many bytes have come of what the line holds until it is whole: only a WebSocket message is. */
  arriving(bytes: number): void;
  /** What was buffered has gone. */
  drained(): void;
  /** The line is closed, by whomever. Nothing comes after it. */
  closed(reason: string): void;
}

/** When the line just ended. */
export const CLIENT_CLOSED = 'the client has closed the connection';
