import { randomUUID } from 'node:crypto';
import { systemClock, type Bearer } from '@sluice/plugin-api';
import { ConnectionDatabase } from '@sluice/store';
import { FakeWorkspace, MemoryLog, openPlugin, startPostgres, type MemoryDesktop, type PostgresServer } from '@sluice/testing';
import type { LiveEvents, NewMessage } from '../src/contract.js';
import type { Actor } from '../src/discussions/discussions.js';
import { plugin } from '../src/plugin.js';

/** A person of a test, and his connected desktop. */
export interface TestPerson extends Actor {
  readonly sub: string;
  readonly bearer: Bearer;
  readonly desktop: MemoryDesktop;
  /** Data of the live events of this kind that the desktop has received. */
  live<Event extends keyof LiveEvents>(event: Event): LiveEvents[Event][];
}

export type OpenedConversations = Awaited<ReturnType<typeof openHost>>;

export const NAME = 'test';

export function openHost(workspace: FakeWorkspace) {
  return openPlugin(plugin, {}, { workspace });
}

/** The conversations on a PostgreSQL of their own. */
export class TestConversations {
  readonly #hosts: OpenedConversations[] = [];

  private constructor(
    readonly server: PostgresServer,
    readonly database: ConnectionDatabase,
    readonly workspace: FakeWorkspace,
  ) {}

  static async start(): Promise<TestConversations> {
    const server = await startPostgres();
    const database = new ConnectionDatabase({ url: server.url, connection: NAME, log: new MemoryLog(), clock: systemClock });
    return new TestConversations(server, database, new FakeWorkspace(database));
  }

  /** Opens the plugin on one more host. */
  async host(): Promise<OpenedConversations> {
    const opened = await openHost(this.workspace);
    this.#hosts.push(opened);
    return opened;
  }

  async stop(): Promise<void> {
    for (const host of this.#hosts) await host.close();
    await this.database.close();
    await this.server.stop();
  }

  /** Adds a subscriber with one application, whose issuer is returned. */
  async subscriber(code: string): Promise<string> {
    await this.database.rows(
      `with tenant as (insert into subscriber (code, title) values ($1, $1) returning id)
       insert into application (subscriber, issuer) select id, $1 from tenant`,
      [code],
    );
    return code;
  }

  /** Logs a person in over a host: a person, and a desktop that is subscribed to the feed. */
  async person(
    { client, host }: OpenedConversations,
    sub = `person-${randomUUID().slice(0, 8)}`,
    issuer = 'erp',
    scopes = ['desktop', 'conversations'],
  ): Promise<TestPerson> {
    const user = `${issuer}/${sub}`;
    const bearer: Bearer = { user, issuer, sub, scopes, events: [], topics: [], groups: [], expiresAt: Number.POSITIVE_INFINITY };
    const { subscriber, person } = await client.people.callerOf(bearer);
    const desktop = await host.services.gateway.connect(sub, { claims: bearer });
    await desktop.subscribe(client.feed.destinationOf(person));
    return {
      subscriber,
      person,
      isServer: scopes.includes('conversations:server'),
      sub,
      bearer,
      desktop,
      live: (event) => desktop.received.filter((one) => one.event === event).map(({ data }) => data as never),
    };
  }
}

/** Returns a message with a client id of its own. */
export function text(content: string, more: Partial<NewMessage> = {}): NewMessage {
  return { clientId: randomUUID(), text: content, spans: [], attachments: [], ...more };
}
