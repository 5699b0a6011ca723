import { once } from 'node:events';
import { connect as openSocket, type Socket } from 'node:net';
import type { Frame } from '../../../src/stomp/frame.js';
import { FrameParser } from '../../../src/stomp/parser.js';

const LIMITS = { maxFrame: 16 * 1024 * 1024, maxHead: 64 * 1024, maxHeaders: 100 };

/** A client that sends exactly the given bytes and records the received frames. */
export class RawClient {
  readonly frames: Frame[] = [];
  /** Number of received heart-beats. */
  beats = 0;
  closed = false;
  readonly #parser = new FrameParser(LIMITS);
  #wake = () => {};

  constructor(readonly socket: Socket) {
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = openSocket(port, '127.0.0.1');
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Opens a session with CONNECT. */
  static async connect(port: number, headers: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.send('CONNECT', { 'accept-version': '1.2', login: 'ivanov', passcode: 'ok', ...headers });
    const frame = await client.next();
    if (frame.command !== 'CONNECTED') throw new Error(`CONNECT was rejected: ${frame.headers.get('message')}`);
    return client;
  }

  send(command: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.socket.write(`${command}\n${lines.join('')}\n${body}\0`);
  }

  /** Returns the next frame. Rejects if the connection closes before it arrives. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame) return frame;
      if (this.closed) throw new Error('the server has closed the connection');
      await this.#changed();
    }
  }

  /** Waits for the ERROR frame that ends the session, and returns its parts. */
  async error(): Promise<{ code: string; message: string; cure: string; receipt: string | undefined }> {
    const frame = await this.next();
    if (frame.command !== 'ERROR') throw new Error(`${frame.command} instead of ERROR`);
    while (!this.closed) await this.#changed();
    const header = (name: string) => frame.headers.get(name);
    return {
      code: header('code') ?? '',
      message: header('message') ?? '',
      cure: frame.body.toString(),
      receipt: header('receipt-id'),
    };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #read(piece: Buffer): void {
    this.#parser.push(piece);
    for (let frame = this.#parser.next(); frame; frame = this.#parser.next()) this.frames.push(frame);
    if (piece[0] === 0x0a) this.beats++;
    this.#wake();
  }
}
