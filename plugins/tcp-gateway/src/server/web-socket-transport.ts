import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { END_OF_FRAME } from '../stomp/message-frame.js';
import { joinFrames, type OutgoingFrame } from '../stomp/output.js';
import { CLIENT_CLOSED, type Done, type Transport, type TransportOwner } from './transport.js';

/** Above this number of bytes that wait for a client to read, pings of the client are not answered: pongs would let the buffer grow. */
const MAX_UNANSWERED_BYTES = 64 * 1024;

const NUL = Buffer.alloc(1);

/**
 * A transport over WebSocket. Sends each frame as one message that ends with NUL. A message has the kind, text or binary, of the client's
 * last message, because 1C passes texts and binary data to different handlers. A frame that is not valid UTF-8 is always a binary message.
 *
 * A client whose first message is a whole CONNECT frame without the final NUL cannot put NUL into its texts. Each of its messages is then
 * one frame, with or without NUL, and the frames that it receives have no NUL.
 */
export class WebSocketTransport implements Transport {
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #strangerBytes: number;
  #text = false;
  /** Undefined before the first message. */
  #withoutNul: boolean | undefined;
  #error: Error | undefined;

  /**
   * @param strangerBytes bytes that a client may send before it is admitted: the WebSocket layer buffers a whole message before it passes
   * it on
   */
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
      .on('ping', (data) => this.#answerPing(data))
      .on('error', (error) => (this.#error = error))
      .on('close', () => owner.closed(this.#error?.message ?? CLIENT_CLOSED));
    this.#socket.on('drain', () => owner.drained());
    this.#socket.on('data', (piece: Buffer) => owner.arriving(piece.length));
    this.#socket.on('data', this.#checkBytes);
  }

  #complete(data: Buffer): Buffer {
    this.#withoutNul ??= isConnectWithoutNul(data);
    const lacksNul = this.#withoutNul && data.at(-1) !== 0 && !isHeartBeat(data);
    return lacksNul ? Buffer.concat([data, NUL]) : data;
  }

  #answerPing(data: Buffer): void {
    if (this.buffered < MAX_UNANSWERED_BYTES) this.#webSocket.pong(data);
  }

  trust(): void {
    this.#socket.off('data', this.#checkBytes);
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

  readonly #checkBytes = (): void => {
    if (this.#socket.bytesRead > this.#strangerBytes) this.destroy();
  };
}

function isConnectWithoutNul(data: Buffer): boolean {
  return /^(CONNECT|STOMP)\r?\n/.test(data.toString('latin1', 0, 10)) && /\n\r?\n$/.test(data.subarray(-3).toString('latin1'));
}

function isHeartBeat(data: Buffer): boolean {
  return data.every((byte) => byte === 0x0a || byte === 0x0d);
}
