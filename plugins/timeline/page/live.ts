import type { Api } from './api.js';
import { RefusedError } from './api.js';
import type { Changes, JournalInfo } from './model.js';

/** Time for which the host may hold a request until there is a change. */
const WAIT_S = 25;
/** Interval of requests while STOMP reports changes, in case no flow broadcasts them. */
const LOOK_MS = 15_000;
/** Delay after a notification, so that changes of the same moment are fetched together. */
const TOGETHER_MS = 50;
const RETRY_MS = { first: 500, most: 10_000 };
const RECONNECT_MS = { first: 1_000, most: 30_000 };
/** https://stomp-js.github.io/api-docs/latest/enums/ReconnectionTimeMode.html */
const EXPONENTIAL = 1;

interface StompClient {
  connectHeaders: object;
  beforeConnect: () => void;
  onConnect: () => void;
  onWebSocketClose: () => void;
  activate(): void;
  subscribe(destination: string, heard: () => void): void;
}

interface StompJs {
  readonly Client: new (options: object) => StompClient;
}

export interface LiveEvents {
  /** Called with new changes. If it rejects, the same changes are fetched again. */
  readonly changes: (changes: Changes) => Promise<void>;
  readonly online: (isOnline: boolean) => void;
}

/**
 * Keeps the page up to date with changes of other users. Changes are always read from the host after the cursor, so a lost connection
 * misses none. STOMP, or a long poll, only reports when to read them.
 */
export class Live {
  #isListening = false;
  /** True if the last request succeeded. Only then the next one may be a long poll. */
  #isCurrent = false;
  #hint: () => void = () => undefined;
  #hinted = false;
  #waiting = new AbortController();

  constructor(
    private readonly api: Api,
    private cursor: string,
    private readonly events: LiveEvents,
  ) {}

  /** Runs until the page is closed. */
  async run({ destination, me }: JournalInfo): Promise<void> {
    addEventListener('online', () => {
      this.#waiting.abort();
      this.#look();
    });
    addEventListener('offline', () => this.events.online(false));
    if (destination !== undefined) void this.#listen(destination, me.name);
    for (let failures = 0; ;) {
      try {
        await this.#catchUp();
        this.#isCurrent = true;
        this.events.online(true);
        failures = 0;
        await (this.#isListening ? this.#hintOr(LOOK_MS) : this.#pause(TOGETHER_MS));
      } catch (error) {
        this.#isCurrent = false;
        if (error instanceof DOMException && error.name === 'AbortError') continue;
        this.events.online(error instanceof RefusedError && error.status < 500);
        await this.#hintOr(Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** failures++));
      }
    }
  }

  async #catchUp(): Promise<void> {
    this.#waiting = new AbortController();
    const changes = await this.api.changes(this.cursor, this.#isCurrent && !this.#isListening ? WAIT_S : 0, this.#waiting.signal);
    await this.events.changes(changes);
    this.cursor = changes.cursor;
  }

  async #listen(destination: string, login: string): Promise<void> {
    await import('./vendor/stomp.js');
    const { Client } = (globalThis as unknown as { StompJs: StompJs }).StompJs;
    const client = new Client({
      brokerURL: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/stomp`,
      reconnectDelay: RECONNECT_MS.first,
      maxReconnectDelay: RECONNECT_MS.most,
      reconnectTimeMode: EXPONENTIAL,
    });
    // the token may have changed
    client.beforeConnect = () => (client.connectHeaders = { login, passcode: this.api.passcode });
    client.onConnect = () => {
      this.#isListening = true;
      client.subscribe(destination, () => this.#look());
      document.body.dataset['live'] = 'stomp';
      // STOMP replaces the long poll
      this.#waiting.abort();
    };
    client.onWebSocketClose = () => {
      this.#isListening = false;
      delete document.body.dataset['live'];
      this.#look();
    };
    client.activate();
  }

  #look(): void {
    this.#hinted = true;
    this.#hint();
  }

  async #hintOr(ms: number): Promise<void> {
    if (!this.#hinted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#hint = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      await this.#pause(TOGETHER_MS);
    }
    this.#hinted = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}
