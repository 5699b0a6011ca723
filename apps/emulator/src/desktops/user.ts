import { connect, type Socket } from 'node:net';
import { backoffMs } from '@sluice/runtime';
import { clientFrame, FrameReader, type ServerFrame } from './frames.js';
import type { DesktopTally } from './tally.js';

export interface DesktopAddress {
  readonly host: string;
  readonly port: number;
}

/** Behaviour of a user. */
export interface DesktopBehaviour {
  readonly gateway: DesktopAddress;
  /** Returns a token for this user. It is called for each connection. */
  readonly token: (user: string) => string | Promise<string>;
  readonly topics: readonly string[];
  /** Milliseconds between heart-beats in both directions; 0: none. */
  readonly heartBeat: number;
  /** False: events are not acknowledged. */
  readonly acknowledges: boolean;
  /** Called for each MESSAGE. */
  readonly heard?: (user: string, message: ServerFrame) => void;
}

/** Bounds of the pause before an attempt to reconnect. */
const RECONNECT = { firstMs: 200, maxMs: 5_000 };

/** One desktop client of 1C: connects with its token, acknowledges events, and reconnects after a loss. */
export class DesktopUser {
  #wanted = false;
  #socket: Socket | undefined;
  #isConnected = false;
  #beats: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Reason with which the gateway has ended the connection. */
  #refusal: string | undefined;
  #frames = 0;
  readonly #destinations: string[] = [];
  /** Frames whose RECEIPT has not come yet, by its id. */
  readonly #unconfirmed = new Map<string, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();

  constructor(
    readonly name: string,
    private readonly behaviour: DesktopBehaviour,
    private readonly tally: DesktopTally,
  ) {}

  get online(): boolean {
    return this.#isConnected;
  }

  goOnline(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.#connect();
  }

  /** Disconnects without a frame to the server. */
  goOffline(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#forgetConnection();
  }

  /**
   * Subscribes to a destination, and again after each reconnect. Resolves when the gateway has confirmed the subscription; rejects when the
   * connection is lost before.
   */
  subscribe(destination: string): Promise<void> {
    this.#destinations.push(destination);
    return this.#confirmed('SUBSCRIBE', subscription(destination, this.#destinations.length));
  }

  /** Sends data as JSON. Resolves with the RECEIPT; rejects when the connection is lost before it. */
  send(destination: string, headers: Readonly<Record<string, string>>, data: unknown): Promise<void> {
    return this.#confirmed('SEND', { destination, 'content-type': 'application/json', ...headers }, JSON.stringify(data));
  }

  #confirmed(command: string, headers: Readonly<Record<string, string>>, body?: string): Promise<void> {
    const socket = this.#socket;
    if (!socket || !this.#isConnected) return Promise.reject(new Error(`${this.name} is not connected`));
    const receipt = `r${++this.#frames}`;
    return new Promise((resolve, reject) => {
      this.#unconfirmed.set(receipt, { resolve, reject });
      socket.write(clientFrame(command, { ...headers, receipt }, body));
    });
  }

  async #connect(): Promise<void> {
    const { gateway, heartBeat } = this.behaviour;
    let passcode: string;
    try {
      passcode = await this.behaviour.token(this.name);
    } catch (error) {
      this.tally.failed(`no token for ${this.name}: ${(error as Error).message}`);
      return this.#reconnect();
    }
    if (!this.#wanted || this.#socket) return;
    const socket = connect(gateway.port, gateway.host);
    const reader = new FrameReader();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => reader.read(piece).forEach((frame) => this.#take(socket, frame)));
    socket.on('error', (error) => this.tally.failed(error.message));
    socket.on('close', () => this.#closed(socket));
    const beats = `${heartBeat},${heartBeat}`;
    socket.write(clientFrame('CONNECT', { 'accept-version': '1.2', login: this.name, passcode, 'heart-beat': beats }));
  }

  #take(socket: Socket, frame: ServerFrame): void {
    const { command, headers, body } = frame;
    if (command === 'CONNECTED') this.#subscribe(socket, headers.get('heart-beat') ?? '0,0');
    if (command === 'ERROR') {
      this.#refusal = `${headers.get('code') ?? 'ERROR'} ${headers.get('message') ?? body.toString()}`;
      this.tally.failed(this.#refusal);
    }
    if (command === 'RECEIPT') this.#confirm(headers.get('receipt-id') ?? '');
    if (command !== 'MESSAGE') return;
    this.tally.received(this.name, headers.get('message-id') ?? '', headers.has('redelivered'));
    this.behaviour.heard?.(this.name, frame);
    const ack = headers.get('ack');
    if (ack !== undefined && this.behaviour.acknowledges) socket.write(clientFrame('ACK', { id: ack }));
  }

  #confirm(receipt: string): void {
    this.#unconfirmed.get(receipt)?.resolve();
    this.#unconfirmed.delete(receipt);
  }

  #subscribe(socket: Socket, agreed: string): void {
    this.#isConnected = true;
    this.#failures = 0;
    this.#refusal = undefined;
    this.tally.connected();
    const events = { id: '0', destination: '/user/events', ack: 'client-individual' };
    const topics = this.behaviour.topics.map((topic, at) => ({ id: String(at + 1), destination: `/topic/${topic}` }));
    const others = this.#destinations.map((destination, at) => subscription(destination, at + 1));
    for (const headers of [events, ...topics, ...others]) socket.write(clientFrame('SUBSCRIBE', headers));
    const every = Number(agreed.split(',')[1]);
    if (every > 0) this.#beats = setInterval(() => socket.write('\n'), every);
  }

  /** Ignores the end of a connection that was already replaced. */
  #closed(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#forgetConnection();
    this.#reconnect();
  }

  #forgetConnection(): void {
    clearInterval(this.#beats);
    if (this.#isConnected) this.tally.lost();
    this.#isConnected = false;
    this.#socket = undefined;
    const error = new Error(this.#refusal ?? `${this.name} lost the connection`);
    for (const { reject } of this.#unconfirmed.values()) reject(error);
    this.#unconfirmed.clear();
  }

  #reconnect(): void {
    if (!this.#wanted) return;
    this.#retry = setTimeout(() => void this.#connect(), backoffMs(RECONNECT, this.#failures++));
  }
}

function subscription(destination: string, number: number): Readonly<Record<string, string>> {
  return { id: `d${number}`, destination };
}
