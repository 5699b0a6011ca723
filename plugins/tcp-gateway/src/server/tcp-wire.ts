import type { Socket } from 'node:net';
import { joinFrames, type OutgoingFrame } from '../stomp/output.js';
import { CLIENT_CLOSED, type Done, type Wire, type WireOwner } from './wire.js';

/** The socket knows its wire: listeners that all sockets share cost a connection nothing, closures of its own a kilobyte. */
const WIRE = Symbol('wire');

interface WiredSocket extends Socket {
  [WIRE]?: TcpWire;
}

const LINE_FEED = Buffer.from('\n');

/** A line over TCP, or over TLS. */
export class TcpWire implements Wire {
  owner: WireOwner | undefined;
  error: Error | undefined;
  readonly #socket: WiredSocket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get address(): string {
    return this.#socket.remoteAddress ?? '';
  }

  get buffered(): number {
    return this.#socket.writableLength;
  }

  get flushed(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  open(owner: WireOwner): void {
    this.owner = owner;
    this.#socket[WIRE] = this;
    this.#socket.on('data', onData).on('drain', onDrain).on('error', onError).on('close', onClose);
  }

  /** The parser alone bounds what a stranger may send. */
  trust(): void {}

  send(frames: readonly OutgoingFrame[], done?: Done): void {
    const buffers = joinFrames(frames);
    const last = buffers.length - 1;
    if (last > 0) this.#socket.cork();
    for (let at = 0; at <= last; at++) this.#socket.write(buffers[at] ?? '', at === last ? done : undefined);
    if (last > 0) this.#socket.uncork();
  }

  beat(): void {
    this.#socket.write(LINE_FEED);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function onData(this: WiredSocket, piece: Buffer): void {
  this[WIRE]?.owner?.received(piece);
}

function onDrain(this: WiredSocket): void {
  this[WIRE]?.owner?.drained();
}

function onError(this: WiredSocket, error: Error): void {
  const wire = this[WIRE];
  if (wire) wire.error = error;
}

function onClose(this: WiredSocket): void {
  const wire = this[WIRE];
  wire?.owner?.closed(wire.error?.message ?? CLIENT_CLOSED);
}
