import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameParser } from '../../plugins/tcp-gateway/src/stomp/parser.js';
import type { Frame } from '../../plugins/tcp-gateway/src/stomp/frame.js';
import { signToken } from './tokens.js';

const LIMITS = { maxFrame: 16 * 1024 * 1024, maxHead: 64 * 1024, maxHeaders: 100 };
const BACK_MS = 200;

/** An event that a client has received. */
export interface Seen {
  readonly id: string;
  readonly seq: number;
  readonly redelivered: boolean;
  readonly event: string;
  readonly data: unknown;
}

export interface DesktopOptions {
  readonly user: string;
  /** Ports of the gateways, which the client tries in turn. */
  readonly ports: readonly number[];
  /** Whether the client acknowledges events; absent: yes. */
  readonly acknowledges?: boolean;
  readonly topics?: readonly string[];
}

/** A desktop client that reconnects after a lost connection and records the events that it receives. */
export class Desktop {
  readonly seen: Seen[] = [];
  /** Answers of flows by correlation id. */
  readonly replies = new Map<string, { readonly status: number; readonly data: unknown }>();
  /** Whether the client is subscribed. */
  ready = false;
  #line: Line | undefined;
  #stopped = false;
  #turn = 0;
  readonly #running: Promise<void>;

  constructor(private readonly options: DesktopOptions) {
    this.#running = this.#stay();
  }

  /** Sends a request to a flow; its answer is added to {@link replies}. */
  ask(flow: string, correlation: string, data: unknown): void {
    const headers = { destination: `/flows/${flow}`, 'reply-to': '/user/replies/1', 'correlation-id': correlation };
    this.#line?.send('SEND', { ...headers, 'content-type': 'application/json' }, JSON.stringify(data));
  }

  /** Answers an event for which a flow waits. */
  answer(id: string, data: unknown): void {
    this.#line?.send('SEND', { destination: `/answers/${id}`, 'content-type': 'application/json' }, JSON.stringify(data));
  }

  /** Disconnects and does not reconnect. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#line?.close();
    await this.#running;
  }

  async #stay(): Promise<void> {
    while (!this.#stopped) {
      await this.#session().catch(() => undefined);
      this.ready = false;
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, BACK_MS));
    }
  }

  async #session(): Promise<void> {
    const { user, ports, topics = [] } = this.options;
    const passcode = await signToken({ sub: user, scope: 'desktop' });
    const port = ports[this.#turn++ % ports.length] ?? 0;
    const line = await Line.open(port);
    this.#line = line;
    line.send('CONNECT', { 'accept-version': '1.2', login: user, passcode, 'heart-beat': '0,0' });
    topics.forEach((topic, n) => line.send('SUBSCRIBE', { id: `t${n}`, destination: `/topic/${topic}` }));
    line.send('SUBSCRIBE', { id: 'u', destination: '/user/events', ack: 'client-individual', receipt: 'subscribed' });
    for await (const frame of line.frames()) this.#take(line, frame);
  }

  #take(line: Line, { command, headers, body }: Frame): void {
    if (command === 'RECEIPT') this.ready = true;
    if (command !== 'MESSAGE') return;
    const data = body.length > 0 ? (JSON.parse(body.toString()) as unknown) : undefined;
    const correlation = headers.get('correlation-id') ?? '';
    if (headers.get('destination')?.startsWith('/user/replies')) {
      this.replies.set(correlation, { status: Number(headers.get('status')), data });
      return;
    }
    this.seen.push({
      id: headers.get('message-id') ?? '',
      seq: Number(headers.get('seq') ?? 0),
      redelivered: headers.get('redelivered') === 'true',
      event: headers.get('event') ?? '',
      data,
    });
    const ack = headers.get('ack');
    if (ack !== undefined && this.options.acknowledges !== false) line.send('ACK', { id: ack });
  }
}

/** One STOMP connection. */
export class Line {
  readonly #parser = new FrameParser(LIMITS);

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<Line> {
    const socket = connect(port, '127.0.0.1');
    const line = new Line(socket);
    await once(socket, 'connect');
    return line;
  }

  send(command: string, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.socket.write(Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), Buffer.from(body), Buffer.of(0)]));
  }

  close(): void {
    this.socket.destroy();
  }

  async *frames(): AsyncGenerator<Frame> {
    for await (const piece of this.socket) {
      this.#parser.push(piece as Buffer);
      for (let frame = this.#parser.next(); frame; frame = this.#parser.next()) yield frame;
    }
  }
}
