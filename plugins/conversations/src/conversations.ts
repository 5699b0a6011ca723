import {
  ChangeNotifier,
  derivedId,
  type Clock,
  type Closable,
  type DesktopGateway,
  type Host,
  type Tokens,
} from '@sluice/plugin-api';
import { Attachments } from './attachments/attachments.js';
import { FolderFiles } from './attachments/folder-files.js';
import { TableFiles } from './attachments/table-files.js';
import { Bots, FLOWS_ISSUER } from './bots/bots.js';
import { Outbox } from './bots/outbox.js';
import type { Config } from './config.js';
import { Tables } from './database/tables.js';
import { Discussions } from './discussions/discussions.js';
import { conversationsFail } from './failures.js';
import { Quotas } from './limits/quotas.js';
import { destinationsOf } from './live/destinations.js';
import { LiveFeed } from './live/live-feed.js';
import { Hints } from './live/hints.js';
import { Messages, type MessageListener } from './messages/messages.js';
import { PERSON_NAME, STOP_WAITING, WAITING } from './messages/message-statements.js';
import { Directory } from './people/directory.js';
import { People } from './people/people.js';
import { PersonalData } from './people/personal-data.js';
import { recordSeenTimes } from './people/seen-times.js';
import { Applications } from './registration/applications.js';
import { Registrations } from './registration/registrations.js';
import { Lexicon } from './search/lexicon.js';
import { SearchIndex } from './search/search-index.js';
import { Search } from './search/search.js';
import { Upkeep } from './upkeep.js';

/** The conversations of a workspace: the client of a connection. Flows, the API and live clients share it. */
export class Conversations implements Closable {
  readonly directory: Directory;
  readonly personalData: PersonalData;
  readonly searchIndex: SearchIndex;
  readonly registrations: Registrations;
  readonly feed: LiveFeed;
  readonly discussions: Discussions;
  readonly messages: Messages;
  readonly attachments: Attachments;
  readonly bots: Bots;
  readonly outbox: Outbox;
  readonly quotas: Quotas;
  /** Wakes the triggers of flows on all hosts. */
  readonly notifier: ChangeNotifier;

  private constructor(
    readonly config: Config,
    private readonly host: Host,
    readonly tables: Tables,
    readonly gateway: DesktopGateway,
    readonly people: People,
    readonly search: Search,
    readonly applications: Applications,
    private readonly closing: AbortController,
  ) {
    const { connection, clock, log, services } = host;
    const { signal } = closing;
    const { folder } = config.attachments;
    const files = folder === undefined ? new TableFiles(tables) : new FolderFiles(folder, clock);
    this.directory = new Directory(tables, gateway.presence);
    this.searchIndex = new SearchIndex(tables, { clock, log, signal });
    this.registrations = new Registrations(tables, applications, config.registration);
    this.feed = new LiveFeed(connection);
    this.bots = new Bots(tables);
    this.outbox = new Outbox(tables);
    this.quotas = new Quotas(config.limits, clock);
    this.notifier = new ChangeNotifier(services.peers, clock);
    this.attachments = new Attachments(tables, files, config.attachments, clock);
    this.discussions = new Discussions(tables, this.feed);
    const hints = new Hints({ tables, feed: this.feed, gateway, services, clock, log, signal });
    const listener = this.#listener(hints);
    this.messages = new Messages(tables, this.feed, listener, new Lexicon(tables));
    this.personalData = new PersonalData(tables, this.directory, (subscriber, ids) => listener.filesDeleted(subscriber, ids));
    const { discussions, messages, attachments, outbox, quotas } = this;
    const destinations = destinationsOf({ connection, people, discussions, messages, quotas });
    this.feed.use(gateway.registerDestination(destinations, host.signal));
    people.onLocked((person) => this.feed.recheck(person));
    hints.start();
    recordSeenTimes(gateway.presence, tables, { clock, log, signal });
    void this.searchIndex.run(services);
    new Upkeep({ tables, attachments, outbox, keepSentMs: config.keepSent, clock, log }).start(services, signal);
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
    const closing = new AbortController();
    const own = { clock: host.clock, log: host.log, signal: closing.signal };
    const [people, search, applications] = await Promise.all([
      People.open({ tables, ...own }),
      Search.open(tables),
      Applications.open(tables, host.services.issuers, own),
    ]);
    return new Conversations(config, host, tables, gateway, people, search, applications, closing);
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
    this.closing.abort();
    this.notifier.close();
    await this.tables.close();
  }

  #listener(hints: Hints): MessageListener {
    return {
      posted: (subscriber, discussion) => hints.posted(subscriber, discussion),
      heard: () => this.notifier.notify(),
      pressed: async (subscriber, { author, id: message }, press, clientId) => {
        const { discussion, seq, person } = press;
        const tables = this.tables.of(subscriber);
        const [owner] = await tables.rows(PERSON_NAME, author);
        const isPerson = owner !== undefined && !owner.issuer.startsWith(FLOWS_ISSUER);
        if (isPerson) {
          const id = derivedId(discussion, 'press', seq, person, clientId);
          await this.gateway.deliver({ user: owner.user }, { id, event: 'conversations.button', data: press });
        }
        const [waiting] = await tables.rows(WAITING, discussion, seq);
        if (!waiting) return isPerson;
        await this.host.services.resume(waiting.token, { ...press, id: message });
        await tables.rows(STOP_WAITING, discussion, seq);
        return true;
      },
      filesDeleted: (subscriber, ids) =>
        void this.attachments
          .delete(subscriber, ids)
          .catch((error: unknown) =>
            this.host.log.warn('the files of a deleted message remain', { error: String(error), files: ids }),
          ),
    };
  }
}
