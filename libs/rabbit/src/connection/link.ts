import { setTimeout as sleep } from 'node:timers/promises';
import { engineFail, type Log, pause, systemClock } from '@sluice/plugin-api';
import { backoffMs } from '@sluice/runtime';
import { connect, type ChannelModel } from 'amqplib';
import { readDeliveriesDirectly } from '../consuming/delivery-frames.js';
import { corkWrites } from '../publishing/write-batching.js';
import { describe, toFailure } from './failure.js';

/** A cut network is noticed after two to three heartbeats. The broker proposes one minute. */
const HEARTBEAT_S = 10;
/** Bounds of the pause before the next attempt to connect, or to consume. */
export const RECONNECT = { firstMs: 100, maxMs: 3_000 };
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** Maximum bytes in one write. Node's default of 16 KiB is twenty small messages. */
const WRITE_BUFFER_BYTES = 128 * 1024;

export interface LinkOptions {
  readonly url: string;
  /** Name in the broker's list of connections. */
  readonly name: string;
  readonly log: Log;
  /** Called with every new connection. The link is up once this has resolved; the connection is closed when it rejects. */
  readonly opened: (connection: ChannelModel) => Promise<void>;
  /** Called when the connection is lost. The link connects again. */
  readonly lost: () => void;
}

/** One TCP connection that reconnects automatically, with backoff, until it is closed. */
export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #connection: ChannelModel | undefined;
  #problem = 'not connected yet';
  #waiters: (() => void)[] = [];

  private constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Connects. Rejects when the first attempt fails. */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options);
    try {
      await link.#connect();
    } catch (error) {
      link.#closing.abort();
      throw toFailure(`cannot connect to ${address(options.url)}`, error);
    }
    return link;
  }

  /** The reason why the link is down; undefined when it is up. */
  get problem(): string | undefined {
    return this.#connection ? undefined : this.#problem;
  }

  /** Resolves with the connection when the link is up. Rejects with BUS_UNAVAILABLE after the timeout. */
  async up(timeoutMs: number): Promise<ChannelModel> {
    if (!this.#connection && !this.#closing.signal.aborted) await this.#next(timeoutMs);
    if (this.#connection) return this.#connection;
    throw engineFail.BUS_UNAVAILABLE(`RabbitMQ at ${address(this.#options.url)}: ${this.#problem}`);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    this.#problem = 'closed';
    // amqplib never settles the promise when the connection is lost meanwhile
    if (connection)
      await Promise.race([connection.close().catch(() => undefined), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async #connect(): Promise<void> {
    const socket = {
      noDelay: true,
      highWaterMark: WRITE_BUFFER_BYTES,
      timeout: CONNECT_TIMEOUT_MS,
      clientProperties: { connection_name: this.#options.name },
    };
    const connection = await connect(withHeartbeat(this.#options.url), socket);
    corkWrites(connection);
    readDeliveriesDirectly(connection);
    let reason = 'connection closed';
    let gone = false;
    connection.on('error', (error) => (reason = describe(error)));
    connection.on('close', (error) => {
      gone = true;
      this.#ended(connection, error ? describe(error) : reason);
    });
    try {
      await this.#options.opened(connection);
    } catch (error) {
      connection.close().catch(() => undefined);
      throw error;
    }
    if (gone) throw new Error(reason);
    if (this.#closing.signal.aborted) return void connection.close().catch(() => undefined);
    this.#connection = connection;
    this.#wake();
  }

  #ended(connection: ChannelModel, reason: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#problem = reason;
    this.#options.lost();
    if (this.#closing.signal.aborted) return;
    this.#options.log.warn('connection to RabbitMQ lost', { connection: this.#options.name, reason });
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      await pause(systemClock, backoffMs(RECONNECT, attempt), this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#connect();
        this.#options.log.info('connection to RabbitMQ is back', { connection: this.#options.name });
        return;
      } catch (error) {
        this.#problem = describe(error);
      }
    }
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiters.push(done);
      this.#closing.signal.addEventListener('abort', done, { once: true });
    });
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

function withHeartbeat(text: string): string {
  const url = new URL(text);
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(HEARTBEAT_S));
  return url.toString();
}

/** Returns the address without user and password, for messages. */
function address(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
