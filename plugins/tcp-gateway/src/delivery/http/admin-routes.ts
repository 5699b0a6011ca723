import type { Reply, UpgradeRegistrar } from '@sluice/plugin-api';
import { cursorsOf, GATEWAY_ROUTES, pageOfList, readRequest, type AdminRoute, type RequestOf } from '@sluice/admin-contract';
import { z } from 'zod';
import type { Mailbox, MailboxSummary } from '../mailbox/mailbox.js';
import type { Presence } from '../sessions/presence.js';
import { privateReply } from './private-reply.js';

/** Cursors of the list of users. The position is the full name of a user. */
const USERS = cursorsOf('desktops', z.string());

export interface AdminRoutesDeps {
  readonly mailbox: Pick<Mailbox, 'summaries' | 'totals'>;
  readonly presence: Pick<Presence, 'online' | 'sessionsOf'>;
  /** Returns the issuers that may grant the scope `desktop`. */
  readonly issuers: () => readonly string[];
}

/** Routes for operators: users that are connected to any host, and the numbers of events in the mailboxes. */
export class AdminRoutes {
  constructor(private readonly deps: AdminRoutesDeps) {}

  /** Registers the routes. Returns the function that removes them. Throws when another connection has registered them. */
  register(registrar: UpgradeRegistrar): () => void {
    const routes = [
      this.#register(registrar, GATEWAY_ROUTES.desktops, (request) => this.#desktops(request)),
      this.#register(registrar, GATEWAY_ROUTES.mailboxes, () => this.#mailboxes()),
    ];
    return () => routes.forEach((close) => close());
  }

  #register<Route extends AdminRoute>(
    registrar: UpgradeRegistrar,
    route: Route,
    answer: (request: RequestOf<Route>) => Promise<Reply>,
  ): () => void {
    const { method, path, scope } = route;
    return registrar.http({ method, path, scope }, ({ query }) =>
      answer(readRequest(route, { params: {}, query, body: undefined })),
    );
  }

  /** Replies with a page of the users that are online, or with the user of the query, also when that user is offline. */
  async #desktops({ user, ...page }: RequestOf<typeof GATEWAY_ROUTES.desktops>): Promise<Reply> {
    const { mailbox, presence } = this.deps;
    const online = presence.online();
    const wanted = user === undefined ? online : this.#named(user, online);
    const { items, ...rest } = await pageOfList(wanted, (name) => name, USERS, page);
    // before the next await, so that all sessions of the page are of one moment
    const found = items.map((name) => ({ name, sessions: presence.sessionsOf(name) }));
    const summaries = await mailbox.summaries(items);
    const byName = new Map(summaries.map((summary) => [summary.user, summary]));
    const users = found
      .filter(({ name, sessions }) => sessions.length > 0 || byName.has(name))
      .map(({ name, sessions }) => ({
        ...shownSummary(byName.get(name) ?? { user: name, groups: [], waiting: 0 }),
        sessions: sessions.map(({ since, ...session }) => ({ ...session, since: time(since) })),
      }));
    return privateReply(200, { items: users, ...rest, online: online.length });
  }

  async #mailboxes(): Promise<Reply> {
    const { oldest, ...counts } = await this.deps.mailbox.totals();
    return privateReply(200, { ...counts, ...(oldest !== undefined && { oldest: time(oldest) }) });
  }

  /** Returns the users that match the name: a full name, or the `sub` of a token of any issuer. */
  #named(user: string, online: readonly string[]): readonly string[] {
    if (user.includes('/')) return [user];
    const away = this.deps.issuers().map((issuer) => `${issuer}/${user}`);
    return [...new Set([...online.filter((name) => name.endsWith(`/${user}`)), ...away])].sort();
  }
}

function shownSummary({ oldest, ...summary }: MailboxSummary): object {
  return { ...summary, ...(oldest !== undefined && { oldest: time(oldest) }) };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
