import type { HttpRequest, Reply, UpgradeRegistrar } from '@sluice/plugin-api';
import { z } from 'zod';
import { gatewayFail } from '../../failures.js';
import type { Mailbox, MailboxSummary } from '../mailbox/mailbox.js';
import type { Presence } from '../sessions/presence.js';
import { privateReply } from './private-reply.js';

const SCOPE = 'viewer';

const Query = z.strictObject({
  user: z
    .string()
    .regex(/^\P{Cc}+$/u)
    .optional(),
  after: z.string().default(''),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

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
      registrar.http({ method: 'GET', path: '/desktops', scope: SCOPE }, (request) => this.#desktops(request)),
      registrar.http({ method: 'GET', path: '/mailboxes', scope: SCOPE }, () => this.#mailboxes()),
    ];
    return () => routes.forEach((close) => close());
  }

  /** Replies with a page of the users that are online, or with the user of the query, also when that user is offline. */
  async #desktops({ query }: HttpRequest): Promise<Reply> {
    const { mailbox, presence } = this.deps;
    const parsed = Query.safeParse(query);
    if (!parsed.success) throw gatewayFail.GATEWAY_REQUEST('the query takes user, or limit (1 to 1000) and after, a full name');
    const { user, after, limit } = parsed.data;
    const online = presence.online();
    const wanted = user === undefined ? online.filter((name) => name > after) : this.#named(user, online);
    // before the first await, so that all sessions of the page are of one moment
    const page = wanted.slice(0, limit).map((name) => ({ name, sessions: presence.sessionsOf(name) }));
    const summaries = await mailbox.summaries(page.map(({ name }) => name));
    const byName = new Map(summaries.map((summary) => [summary.user, summary]));
    const users = page
      .filter(({ name, sessions }) => sessions.length > 0 || byName.has(name))
      .map(({ name, sessions }) => ({
        ...shownSummary(byName.get(name) ?? { user: name, groups: [], waiting: 0 }),
        sessions: sessions.map(({ since, ...session }) => ({ ...session, since: time(since) })),
      }));
    return privateReply(200, { online: online.length, users, more: wanted.length > limit });
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
