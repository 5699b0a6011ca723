import { Client, type IFrame, type IMessage, type StompSubscription } from '@stomp/stompjs';

const RECONNECT_MS = { first: 1_000, max: 30_000 };
const CONNECT_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 10_000;
/** A SEND whose RECEIPT takes longer is reported as failed. */
const RECEIPT_TIMEOUT_MS = 15_000;

/** `connecting` until the first connection; `offline` from a lost connection to the next one. */
export type LiveStatus = 'connecting' | 'online' | 'offline';

export interface LiveMessage {
  readonly headers: Readonly<Record<string, string>>;
  /** The body as JSON; the text itself if it is no JSON. */
  readonly body: unknown;
}

export interface LiveOptions {
  /** Returns the token for the next connection. */
  readonly token: () => string | undefined;
  /** `sub` of the token: the gateway compares it with the login. */
  readonly login: string;
  /** Address of the gateway. Default: `/stomp` on the host of the page. */
  readonly url?: string;
  /** Returns a number from 0 to 1, for the jitter of reconnections. */
  readonly random?: () => number;
}

export interface SubscribeOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Called with each RECEIPT of the subscription: at first, and after each reconnection. Messages from then on arrive; what happened before has to be
   * read from the host.
   */
  readonly onActive?: () => void;
}

/** The gateway rejected a frame, or the connection was lost before its RECEIPT. A repeat is safe if the receiver recognises repeats. */
export class LiveError extends Error {}

interface Topic {
  readonly destination: string;
  readonly handle: (message: LiveMessage) => void;
  readonly options: SubscribeOptions;
  current: StompSubscription | undefined;
}

/**
 * One STOMP connection of the page to the gateway. It connects again after a loss, with exponential backoff and jitter, and then renews all subscriptions.
 * It delivers hints at once and loses messages while it is offline: a page reads its data from the API.
 */
export class LiveConnection {
  readonly #topics = new Set<Topic>();
  readonly #listeners = new Set<() => void>();
  readonly #unconfirmed = new Set<(error: LiveError) => void>();
  #status: LiveStatus = 'connecting';
  #client: Client | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #receipts = 0;

  constructor(private readonly options: LiveOptions) {}

  get status(): LiveStatus {
    return this.#status;
  }

  /** Calls the listener after each change of the status; returns the function that stops this. */
  readonly onStatus = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Connects. Without effect if it was started already. */
  start(): void {
    if (this.#client !== undefined) return;
    globalThis.addEventListener?.('online', this.#retryNow);
    this.#connect();
  }

  /** Disconnects and does not connect again. */
  stop(): void {
    globalThis.removeEventListener?.('online', this.#retryNow);
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    void client?.deactivate();
    this.#failUnconfirmed();
  }

  /** Subscribes now and after each reconnection. Returns the function that ends the subscription. */
  subscribe(destination: string, handle: (message: LiveMessage) => void, options: SubscribeOptions = {}): () => void {
    const topic: Topic = { destination, handle, options, current: undefined };
    this.#topics.add(topic);
    if (this.#status === 'online') this.#subscribe(topic);
    return () => {
      this.#topics.delete(topic);
      if (this.#status === 'online') topic.current?.unsubscribe();
    };
  }

  /**
   * Sends a frame and resolves when the gateway has confirmed it.
   *
   * @throws {@link LiveError} if the page is offline, the gateway rejects the frame or does not confirm it in time
   */
  send(destination: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#status !== 'online') return Promise.reject(new LiveError('the page is offline'));
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#unconfirmed.delete(fail);
      };
      const fail = (error: LiveError) => {
        end();
        reject(error);
      };
      const timer = setTimeout(() => fail(new LiveError('the gateway did not confirm the frame in time')), RECEIPT_TIMEOUT_MS);
      this.#unconfirmed.add(fail);
      const receipt = this.#watchReceipt(client, () => {
        end();
        resolve();
      });
      client.publish({
        destination,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers, receipt },
      });
    });
  }

  #connect(): void {
    const { token, login, url = defaultUrl() } = this.options;
    const client = new Client({
      brokerURL: url,
      connectHeaders: { login, passcode: token() ?? '' },
      connectionTimeout: CONNECT_TIMEOUT_MS,
      heartbeatIncoming: HEARTBEAT_MS,
      heartbeatOutgoing: HEARTBEAT_MS,
      // this class connects again itself, because the library has no jitter
      reconnectDelay: 0,
      onConnect: () => this.#connected(client),
      onStompError: (frame) => this.#failUnconfirmed(frame),
      onWebSocketClose: () => this.#closed(client),
    });
    this.#client = client;
    client.activate();
  }

  #connected(client: Client): void {
    if (client !== this.#client) return;
    this.#failures = 0;
    this.#setStatus('online');
    for (const topic of this.#topics) this.#subscribe(topic);
  }

  #closed(client: Client): void {
    if (client !== this.#client) return;
    void client.deactivate();
    this.#failUnconfirmed();
    this.#setStatus('offline');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), backoffMs(this.#failures++, this.options.random ?? Math.random));
  }

  /** Connects at once when the device has a network again. */
  readonly #retryNow = (): void => {
    if (this.#status === 'online' || this.#client === undefined || this.#client.connected) return;
    clearTimeout(this.#timer);
    this.#failures = 0;
    const client = this.#client;
    this.#connect();
    void client.deactivate();
  };

  #subscribe(topic: Topic): void {
    const client = this.#client;
    if (client === undefined) return;
    const receipt = this.#watchReceipt(client, () => topic.options.onActive?.());
    topic.current = client.subscribe(topic.destination, (message) => topic.handle(messageOf(message)), {
      ...topic.options.headers,
      receipt,
    });
  }

  #watchReceipt(client: Client, done: () => void): string {
    const receipt = `r${this.#receipts++}`;
    client.watchForReceipt(receipt, done);
    return receipt;
  }

  #failUnconfirmed(frame?: IFrame): void {
    const error = new LiveError(frame?.headers['message'] ?? 'the connection was lost before the frame was confirmed');
    for (const fail of [...this.#unconfirmed]) fail(error);
  }

  #setStatus(status: LiveStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    for (const listener of this.#listeners) listener();
  }
}

/** Returns the milliseconds before connection attempt number `failures`: doubled each time up to the maximum, of which the jitter removes up to half. */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(RECONNECT_MS.max, RECONNECT_MS.first * 2 ** failures);
  return full * (1 - random() / 2);
}

function defaultUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/stomp`;
}

function messageOf({ headers, body }: IMessage): LiveMessage {
  try {
    return { headers, body: JSON.parse(body) as unknown };
  } catch {
    return { headers, body };
  }
}
