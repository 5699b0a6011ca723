import type { Clock, Closable, DesktopGateway, Host, Tokens } from '@sluice/plugin-api';
import type { Config } from './config.js';
import { Tables } from './database/tables.js';
import { Discussions } from './discussions/discussions.js';
import { conversationsFail } from './failures.js';
import { destinationsOf } from './live/destinations.js';
import { LiveFeed } from './live/live-feed.js';
import { Messages } from './messages/messages.js';
import { People } from './people/people.js';

/** The conversations of a workspace: the client of a connection. Flows, the API and live clients share it. */
export class Conversations implements Closable {
  readonly people: People;
  readonly feed: LiveFeed;
  readonly discussions: Discussions;
  readonly messages: Messages;
  readonly #closing = new AbortController();

  private constructor(
    readonly config: Config,
    private readonly host: Host,
    readonly tables: Tables,
    readonly gateway: DesktopGateway,
  ) {
    const { connection, clock, log } = host;
    this.people = new People({ tables, clock, log, signal: this.#closing.signal });
    this.feed = new LiveFeed(connection);
    this.discussions = new Discussions(tables, this.feed);
    this.messages = new Messages(tables, this.feed, { posted: () => undefined, filesDeleted: () => undefined });
    const { people, discussions, messages } = this;
    const destinations = destinationsOf({ connection, people, discussions, messages });
    this.feed.use(gateway.registerDestination(destinations, host.signal));
    people.onLocked((person) => this.feed.recheck(person));
  }

  /**
   * Opens the conversations. Rejects with `STORE_UNAVAILABLE` or `UNREACHABLE` if the database cannot be used, and with
   * `CONVERSATIONS_GATEWAY` or `CONFIG_INVALID` if there is no gateway.
   */
  static async open(config: Config, host: Host): Promise<Conversations> {
    const { desktops, database } = host.services;
    if (!desktops) throw conversationsFail.CONVERSATIONS_GATEWAY('there is no connection to a gateway', { sent: 'no' });
    const gateway = await desktops(config.gateway);
    const tables = await Tables.open(database, host.connection, host.log);
    return new Conversations(config, host, tables, gateway);
  }

  get clock(): Clock {
    return this.host.clock;
  }

  get tokens(): Tokens {
    return this.host.services.tokens;
  }

  /** Rejects if the tables cannot be used. */
  async check(): Promise<void> {
    await this.tables.rows('select from subscriber limit 1');
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.tables.close();
  }
}
