import type { Socket } from 'node:net';
import { joinFrames, type OutgoingFrame } from '../stomp/output.js';
import { CLIENT_CLOSED, type Done, type Transport, type TransportOwner } from './transport.js';

/** The socket knows its wire: listeners that all sockets share cost a connection nothing, closures of its own a kilobyte. */
const TRANSPORT = Symbol('wire');

interface TransportSocket extends Socket {
  [TRANSPORT]?: TcpTransport;
}

const LINE_FEED = Buffer.from('\n');

/** A line over TCP, or over TLS. */
export class TcpTransport implements Transport {
  owner: TransportOwner | undefined;
  error: Error | undefined;
  readonly #socket: TransportSocket;

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

  open(owner: TransportOwner): void {
    this.owner = owner;
    this.#socket[TRANSPORT] = this;
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

function onData(this: TransportSocket, piece: Buffer): void {
  this[TRANSPORT]?.owner?.received(piece);
}

function onDrain(this: TransportSocket): void {
  this[TRANSPORT]?.owner?.drained();
}

function onError(this: TransportSocket, error: Error): void {
  const transport = this[TRANSPORT];
  if (transport) transport.error = error;
}

function onClose(this: TransportSocket): void {
  const transport = this[TRANSPORT];
  transport?.owner?.closed(transport.error?.message ?? CLIENT_CLOSED);
}
