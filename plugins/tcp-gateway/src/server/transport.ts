import type { OutgoingFrame } from '../stomp/output.js';

/** Called when the operating system has taken all bytes, or with the error of the write. */
export type Done = (error?: Error | null) => void;

/** A connection to a client over TCP, TLS or WebSocket. The session treats them alike. */
export interface Transport {
  readonly address: string;
  /** Bytes that the operating system has not taken yet, because the client does not read. */
  readonly buffered: number;
  /** Bytes that the operating system has taken. */
  readonly flushed: number;
  open(owner: TransportOwner): void;
  /** Removes the limits that apply before CONNECT. */
  trust(): void;
  send(frames: readonly OutgoingFrame[], done?: Done): void;
  /** Sends a heart-beat: one line feed. */
  beat(): void;
  /** Stops reading, so that TCP holds the client back. */
  pause(): void;
  resume(): void;
  /** Closes after all sent bytes. Further input is discarded. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface TransportOwner {
  received(piece: Buffer): void;
  /** Called with the number of new bytes of an incomplete WebSocket message. */
  arriving(bytes: number): void;
  /** Called when the operating system has taken all buffered bytes. */
  drained(): void;
  /** Called last, when either end has closed the connection. */
  closed(reason: string): void;
}

/** Reason of an end without an error. */
export const CLIENT_CLOSED = 'the client has closed the connection';
