import { ApiError, LiveConnection } from '@sluice/web-ui';
import type { CalendarApi } from './api.js';
import type { Changes, JournalInfo } from './model.js';

/** Time for which the host may hold a request until there is a change. */
const WAIT_S = 25;
/** Interval of requests while STOMP reports changes, in case no flow broadcasts them. */
const LOOK_MS = 15_000;
/** Delay after a notification, so that changes of the same moment are fetched together. */
const TOGETHER_MS = 50;
const RETRY_MS = { first: 500, max: 10_000 };

export interface FeedEvents {
  /** Called with new changes. If it rejects, the same changes are fetched again. */
  readonly changes: (changes: Changes) => Promise<void>;
  readonly online: (isOnline: boolean) => void;
  /** Called when STOMP begins or ends to report changes. */
  readonly live: (isLive: boolean) => void;
}

/**
 * Keeps the page up to date with changes of other users. Changes are always read from the host after the cursor, so a lost connection misses no change.
 * STOMP, or a long poll, only reports when to read them.
 */
export class ChangeFeed {
  readonly #closing = new AbortController();
  #isLive = false;
  /** True if the last request succeeded. Only then the next one may be a long poll. */
  #isCurrent = false;
  #wake: () => void = () => undefined;
  #isHinted = false;
  #waiting = new AbortController();

  constructor(
    private readonly api: CalendarApi,
    private readonly token: () => string | undefined,
    private cursor: string,
    private readonly events: FeedEvents,
  ) {}

  /** Runs until {@link stop}. */
  async run({ destination, me }: JournalInfo): Promise<void> {
    const { signal } = this.#closing;
    const reconnect = () => {
      this.#waiting.abort();
      this.#hint();
    };
    addEventListener('online', reconnect, { signal });
    addEventListener('offline', () => this.events.online(false), { signal });
    if (destination !== undefined) this.#listen(destination, me.name);
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#catchUp();
        this.#isCurrent = true;
        this.events.online(true);
        failures = 0;
        await (this.#isLive ? this.#hintOr(LOOK_MS) : pause(TOGETHER_MS));
      } catch (error) {
        this.#isCurrent = false;
        if (error instanceof DOMException && error.name === 'AbortError') continue;
        this.events.online(error instanceof ApiError && error.status < 500);
        await this.#hintOr(Math.min(RETRY_MS.max, RETRY_MS.first * 2 ** failures++));
      }
    }
  }

  stop(): void {
    this.#closing.abort();
    this.#waiting.abort();
    this.#hint();
  }

  async #catchUp(): Promise<void> {
    this.#waiting = new AbortController();
    const waitSeconds = this.#isCurrent && !this.#isLive ? WAIT_S : 0;
    const changes = await this.api.changes(this.cursor, waitSeconds, this.#waiting.signal);
    await this.events.changes(changes);
    this.cursor = changes.cursor;
  }

  #listen(destination: string, login: string): void {
    const live = new LiveConnection({ token: this.token, login });
    const set = (isLive: boolean) => {
      if (isLive === this.#isLive) return;
      this.#isLive = isLive;
      this.events.live(isLive);
      // STOMP replaces the long poll, and a long poll replaces a lost STOMP
      this.#waiting.abort();
      this.#hint();
    };
    live.subscribe(destination, () => this.#hint(), { onActive: () => set(true) });
    live.onStatus(() => live.status !== 'online' && set(false));
    live.start();
    this.#closing.signal.addEventListener('abort', () => live.stop());
  }

  #hint(): void {
    this.#isHinted = true;
    this.#wake();
  }

  async #hintOr(ms: number): Promise<void> {
    if (!this.#isHinted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      await pause(TOGETHER_MS);
    }
    this.#isHinted = false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
