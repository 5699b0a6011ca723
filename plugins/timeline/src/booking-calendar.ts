import { ChangeNotifier, type Bearer, type Clock, type Closable, type Host, type Tokens, typeMatches } from '@sluice/plugin-api';
import { Book } from './book/book.js';
import { Entries } from './book/entries.js';
import { Feed, type Changes } from './book/feed.js';
import { Outbox } from './book/outbox.js';
import { Resources } from './book/resources.js';
import type { Config } from './config.js';
import { timelineFail } from './failures.js';
import { LiveChanges } from './live-changes.js';
import { mayRead } from './scopes.js';

/** Maximum delay of a change when a message from another host is lost. */
const LOOK_AGAIN_MS = 1_000;

/** One booking calendar: the client of a connection. Flows and the web page share it. */
export class BookingCalendar implements Closable {
  readonly entries: Entries;
  readonly resources: Resources;
  readonly outbox: Outbox;
  readonly feed: Feed;
  readonly zone: string;
  readonly #closing = new AbortController();

  private constructor(
    private readonly config: Config,
    private readonly host: Host,
    private readonly book: Book,
    readonly pulse: ChangeNotifier,
    private readonly live: LiveChanges | undefined,
  ) {
    this.zone = config.timezone ?? host.timezone ?? 'UTC';
    this.entries = new Entries(book, this.zone, pulse.notify, host.clock);
    this.resources = new Resources(book, pulse.notify);
    this.outbox = new Outbox(book);
    this.feed = new Feed(book, this.entries);
  }

  /**
   * Opens the calendar. Rejects with `STORE_UNAVAILABLE` or `UNREACHABLE` if the database cannot be used, and with `TIMELINE_GATEWAY` or
   * `CONFIG_INVALID` if the gateway of the options does not exist.
   */
  static async open(config: Config, host: Host): Promise<BookingCalendar> {
    const { services, log } = host;
    const live = await openLive(config, host);
    const book = await Book.open(services.database, log);
    const notifier = new ChangeNotifier(services.peers, host.clock, () => live?.notify());
    return new BookingCalendar(config, host, book, notifier, live);
  }

  /** The clock of the host. */
  get clock(): Clock {
    return this.host.clock;
  }

  get tokens(): Tokens {
    return this.host.services.tokens;
  }

  /**
   * Returns the STOMP destination at which a page of this bearer learns of changes. Undefined: there is none, or the bearer may not subscribe
   * to it.
   */
  destinationFor({ scopes, topics }: Bearer): string | undefined {
    const { topic } = this.config;
    if (!scopes.includes('desktop') && !scopes.includes('admin')) return undefined;
    if (this.live) return this.live.destination;
    return topic !== undefined && topics.some((pattern) => typeMatches(pattern, topic)) ? `/topic/${topic}` : undefined;
  }

  /** Resolves with the changes since the cursor, waiting up to `waitMs` for the first one. */
  async changes(cursor: string, extension: string | undefined, waitMs: number): Promise<Changes> {
    const until = this.clock.monotonic() + waitMs;
    for (;;) {
      const { count: beats } = this.pulse;
      const changes = await this.feed.since(cursor, extension);
      const left = until - this.clock.monotonic();
      const isNew = changes.entries.length > 0 || changes.calls.length > 0 || changes.resources;
      if (isNew || left <= 0 || this.#closing.signal.aborted) return changes;
      await this.pulse.next(beats, Math.min(left, LOOK_AGAIN_MS), this.#closing.signal);
    }
  }

  /** Rejects if the tables cannot be used. */
  async check(): Promise<void> {
    await this.feed.cursor();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.pulse.close();
    await this.book.close();
  }
}

async function openLive({ gateway }: Config, { connection, services, signal, clock }: Host): Promise<LiveChanges | undefined> {
  if (gateway === undefined) return undefined;
  if (!services.desktops) throw timelineFail.TIMELINE_GATEWAY(`there is no connection ${gateway} to a gateway`, { sent: 'no' });
  const desktops = await services.desktops(gateway);
  return new LiveChanges({ gateway: desktops, connection, mayRead: ({ bearer }) => mayRead(bearer), signal, clock });
}
