import { connect, type Socket } from 'node:net';
import { backoffMs } from '@sluice/runtime';
import { clientFrame, FrameReader, type ServerFrame } from './frames.js';
import type { DesktopTally } from './tally.js';

export interface DesktopAddress {
  readonly host: string;
  readonly port: number;
}

/** How a user behaves. */
export interface DesktopBehaviour {
  readonly gateway: DesktopAddress;
  /** A token for this user, asked for at each connection. */
  readonly token: (user: string) => string | Promise<string>;
  readonly topics: readonly string[];
  /** Milliseconds between heart-beats both ways; 0: none. */
  readonly heartBeat: number;
  /** False: events are received and not acknowledged. */
  readonly acknowledges: boolean;
  /** Is told of each MESSAGE. */
  readonly heard?: (user: string, message: ServerFrame) => void;
}

/** Bounds of the pause before a client that lost its server connects again. */
const RECONNECT = { firstMs: 200, maxMs: 5_000 };

/** One 1C client at its desk: connects with its token, acknowledges what comes, and comes back when its line breaks. */
export class DesktopUser {
  #wanted = false;
  #socket: Socket | undefined;
  #letIn = false;
  #beats: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(
    readonly name: string,
    private readonly manners: DesktopBehaviour,
    private readonly tally: DesktopTally,
  ) {}

  get online(): boolean {
    return this.#letIn;
  }

  goOnline(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.#connect();
  }

  /** Pulls the plug: the server is told nothing. */
  goOffline(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#forgetLine();
  }

  async #connect(): Promise<void> {
    const { gateway, heartBeat } = this.manners;
    let passcode: string;
    try {
      passcode = await this.manners.token(this.name);
    } catch (error) {
      this.tally.failed(`no token for ${this.name}: ${(error as Error).message}`);
      return this.#comeBack();
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
    if (command === 'CONNECTED') this.#welcome(socket, headers.get('heart-beat') ?? '0,0');
    if (command === 'ERROR') this.tally.failed(`${headers.get('code') ?? 'ERROR'} ${headers.get('message') ?? body.toString()}`);
    if (command !== 'MESSAGE') return;
    this.tally.received(this.name, headers.get('message-id') ?? '', headers.has('redelivered'));
    this.manners.heard?.(this.name, frame);
    const ack = headers.get('ack');
    if (ack !== undefined && this.manners.acknowledges) socket.write(clientFrame('ACK', { id: ack }));
  }

  #welcome(socket: Socket, agreed: string): void {
    this.#letIn = true;
    this.#failures = 0;
    this.tally.letIn();
    const events = { id: '0', destination: '/user/events', ack: 'client-individual' };
    const topics = this.manners.topics.map((topic, at) => ({ id: String(at + 1), destination: `/topic/${topic}` }));
    for (const headers of [events, ...topics]) socket.write(clientFrame('SUBSCRIBE', headers));
    const every = Number(agreed.split(',')[1]);
    if (every > 0) this.#beats = setInterval(() => socket.write('\n'), every);
  }

  /** A line that was given up before it closed is no concern any more. */
  #closed(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#forgetLine();
    this.#comeBack();
  }

  #forgetLine(): void {
    clearInterval(this.#beats);
    if (this.#letIn) this.tally.lost();
    this.#letIn = false;
    this.#socket = undefined;
  }

  #comeBack(): void {
    if (!this.#wanted) return;
    this.#retry = setTimeout(() => void this.#connect(), backoffMs(RECONNECT, this.#failures++));
  }
}
