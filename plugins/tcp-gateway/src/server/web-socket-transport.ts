import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { END_OF_FRAME } from '../stomp/message.js';
import { joinFrames, type OutgoingFrame } from '../stomp/output.js';
import { CLIENT_CLOSED, type Done, type Transport, type TransportOwner } from './transport.js';

/** Bytes that wait for a client to read: with more of them its pings stay unanswered, as what waits shows that the server is there. */
const MAX_UNANSWERED_BYTES = 64 * 1024;

const NUL = Buffer.alloc(1);

/**
 * A line over WebSocket: each frame is a message up to its NUL, for clients that read so. Answers in the kind that the client uses: 1C hands texts and
 * binary data to different handlers. A text must be UTF-8, so a body that is not comes as a binary message to everybody.
 *
 * A client whose first message is a whole CONNECT frame without the final NUL cannot put NUL into its texts. From then on each of its messages
 * is a frame, with or without NUL, and the frames that it is sent have none.
 */
export class WebSocketTransport implements Transport {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #strangerBytes: number;
  #text = false;
  /** Undefined before the first message. */
  #withoutNul: boolean | undefined;
  #error: Error | undefined;

  /** `strangerBytes`: what a client may send before it is let in; the WebSocket layer holds a whole message before it shows any of it. */
  constructor(webSocket: WebSocket, socket: Socket, strangerBytes: number) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#strangerBytes = socket.bytesRead + strangerBytes;
  }

  get address(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get buffered(): number {
    return this.#webSocket.bufferedAmount;
  }

  get flushed(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  open(owner: TransportOwner): void {
    this.#webSocket
      .on('message', (data: Buffer, isBinary) => {
        this.#text = !isBinary;
        owner.received(this.#complete(data));
      })
      .on('ping', (data) => this.#answer(data))
      .on('error', (error) => (this.#error = error))
      .on('close', () => owner.closed(this.#error?.message ?? CLIENT_CLOSED));
    this.#socket.on('drain', () => owner.drained());
    this.#socket.on('data', (piece: Buffer) => owner.arriving(piece.length));
    this.#socket.on('data', this.#guard);
  }

  #complete(data: Buffer): Buffer {
    this.#withoutNul ??= isConnectWithoutNul(data);
    const lacksNul = this.#withoutNul && data.at(-1) !== 0 && !isHeartBeat(data);
    return lacksNul ? Buffer.concat([data, NUL]) : data;
  }

  #answer(data: Buffer): void {
    if (this.buffered < MAX_UNANSWERED_BYTES) this.#webSocket.pong(data);
  }

  trust(): void {
    this.#socket.off('data', this.#guard);
  }

  send(frames: readonly OutgoingFrame[], done?: Done): void {
    this.#socket.cork();
    for (const [at, frame] of frames.entries()) {
      const buffers = joinFrames([frame]);
      const [whole = Buffer.alloc(0)] = buffers.length === 1 ? buffers : [Buffer.concat(buffers)];
      const bytes = whole.subarray(0, this.#withoutNul ? -END_OF_FRAME.length : -1);
      const options = { binary: !this.#text || !isUtf8(bytes) };
      this.#webSocket.send(bytes, options, at === frames.length - 1 ? done : undefined);
    }
    this.#socket.uncork();
  }

  beat(): void {
    this.#webSocket.send('\n', { binary: !this.#text });
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  end(): void {
    this.#webSocket.resume();
    this.#webSocket.close();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }

  readonly #guard = (): void => {
    if (this.#socket.bytesRead > this.#strangerBytes) this.destroy();
  };
}

function isConnectWithoutNul(data: Buffer): boolean {
  return /^(CONNECT|STOMP)\r?\n/.test(data.toString('latin1', 0, 10)) && /\n\r?\n$/.test(data.subarray(-3).toString('latin1'));
}

function isHeartBeat(data: Buffer): boolean {
  return data.every((byte) => byte === 0x0a || byte === 0x0d);
}
