import type { Closable, Clock, DesktopGateway, Host, Tokens } from '@sluice/plugin-api';
import type { Config } from './config.js';
import { Tables } from './database/tables.js';
import { conversationsFail } from './failures.js';

/** The conversations of a workspace: the client of a connection. Flows, the API and live clients share it. */
export class Conversations implements Closable {
  private constructor(
    readonly config: Config,
    private readonly host: Host,
    readonly tables: Tables,
    readonly gateway: DesktopGateway,
  ) {}

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
    await this.tables.close();
  }
}
