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
  /** Who may give out tokens for desktops. */
  readonly issuers: () => readonly string[];
}

/** Who is online, on whatever host, and how full the mailboxes are: for people who run the installation. */
export class AdminRoutes {
  constructor(private readonly deps: AdminRoutesDeps) {}

  /** Gives the function that takes the routes away. Throws when another connection has them. */
  open(doors: UpgradeRegistrar): () => void {
    const routes = [
      doors.http({ method: 'GET', path: '/desktops', scope: SCOPE }, (request) => this.#desktops(request)),
      doors.http({ method: 'GET', path: '/mailboxes', scope: SCOPE }, () => this.#mailboxes()),
    ];
    return () => routes.forEach((close) => close());
  }

  /** Users that are online, page by page; or the one that is asked for, who may be away. */
  async #desktops({ query }: HttpRequest): Promise<Reply> {
    const { mailbox, presence } = this.deps;
    const parsed = Query.safeParse(query);
    if (!parsed.success) throw gatewayFail.GATEWAY_REQUEST('the query takes user, or limit (1 to 1000) and after, a full name');
    const { user, after, limit } = parsed.data;
    const online = presence.online();
    const wanted = user === undefined ? online.filter((name) => name > after) : this.#named(user, online);
    // before anything is awaited: who leaves meanwhile was online when the page was made
    const page = wanted.slice(0, limit).map((name) => ({ name, sessions: presence.sessionsOf(name) }));
    const standings = await mailbox.summaries(page.map(({ name }) => name));
    const byName = new Map(standings.map((standing) => [standing.user, standing]));
    const users = page
      .filter(({ name, sessions }) => sessions.length > 0 || byName.has(name))
      .map(({ name, sessions }) => ({
        ...standingShown(byName.get(name) ?? { user: name, groups: [], waiting: 0 }),
        sessions: sessions.map(({ since, ...session }) => ({ ...session, since: time(since) })),
      }));
    return privateReply(200, { online: online.length, users, more: wanted.length > limit });
  }

  async #mailboxes(): Promise<Reply> {
    const { oldest, ...counts } = await this.deps.mailbox.totals();
    return privateReply(200, { ...counts, ...(oldest !== undefined && { oldest: time(oldest) }) });
  }

  /** All whom the name may mean: in full, or that of their token. */
  #named(user: string, online: readonly string[]): readonly string[] {
    if (user.includes('/')) return [user];
    const away = this.deps.issuers().map((issuer) => `${issuer}/${user}`);
    return [...new Set([...online.filter((name) => name.endsWith(`/${user}`)), ...away])].sort();
  }
}

function standingShown({ oldest, ...standing }: MailboxSummary): object {
  return { ...standing, ...(oldest !== undefined && { oldest: time(oldest) }) };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
