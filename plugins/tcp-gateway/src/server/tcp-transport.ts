import type { Socket } from 'node:net';
import { joinFrames, type OutgoingFrame } from '../stomp/output.js';
import { CLIENT_CLOSED, type Done, type Transport, type TransportOwner } from './transport.js';

/**
 * Property of a socket for its transport: with it all sockets share the same listeners, and closures per socket would take a kilobyte each.
 */
const TRANSPORT = Symbol('transport');

interface TransportSocket extends Socket {
  [TRANSPORT]?: TcpTransport;
}

const LINE_FEED = Buffer.from('\n');

/** A transport over TCP, or over TLS. */
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

  /** Does nothing: over TCP the parser alone bounds the input before CONNECT. */
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
