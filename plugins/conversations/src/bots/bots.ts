import { z } from 'zod';
import type { Tables } from '../database/tables.js';
import type { Actor } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';
import { directoryWords, foldCase } from '../people/names.js';

/** Begins the issuer of the application to which the bots of flows belong. No issuer of tokens has such a name. */
export const FLOWS_ISSUER = ':flows:';
const MAX_CACHED = 1_000;

/** Options that each trigger and action of flows has. */
export const botOptions = {
  bot: z
    .string()
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,49}$/u)
    .default('Sluice')
    .describe('name of the bot in whose name the flow acts. It appears with the first use'),
  subscriber: z
    .string()
    .min(1)
    .max(100)
    .default('main')
    .describe('code of the subscriber; `main` for the issuers of sluice.yaml'),
};

export interface BotName {
  readonly bot: string;
  readonly subscriber: string;
}

/**
 * Creates the application of the flows of a subscriber and a bot of it, unless they exist. `$1` code of the subscriber, `$2` issuer, `$3` name,
 * `$4` name for sorting, `$5` words of the directory.
 */
const ENSURE = `
  with tenant as (select id from subscriber where code = $1),
  made as (
    insert into application (subscriber, issuer, title) select id, $2, 'Sluice' from tenant
    on conflict (issuer) do nothing returning id, subscriber
  ), app as (
    select * from made union all select a.id, a.subscriber from application a join tenant on a.subscriber = tenant.id where a.issuer = $2
  )
  insert into person (subscriber, application, sub, name, sort_name, words, is_bot)
  select app.subscriber, app.id, $3, $3, $4, array_to_tsvector($5::text[]), true from app
  on conflict (application, sub) do nothing`;

const FIND = `
  select p.subscriber, p.id as person from person p join application a on a.id = p.application
  join subscriber s on s.id = a.subscriber where s.code = $1 and a.issuer = $2 and p.sub = $3`;

/** The bots in whose name flows act: people of the application `:flows:<subscriber>`. */
export class Bots {
  readonly #known = new Map<string, Actor>();

  constructor(private readonly tables: Tables) {}

  /** Returns a bot, which is created on its first use. Throws `CONVERSATIONS_MISSING` for an unknown subscriber. */
  async get({ bot, subscriber }: BotName): Promise<Actor> {
    const key = `${subscriber}/${bot}`;
    const known = this.#known.get(key);
    if (known) return known;
    const issuer = FLOWS_ISSUER + subscriber;
    const find = () =>
      this.tables.rows<{ readonly subscriber: string; readonly person: string }>(FIND, [subscriber, issuer, bot]);
    let [row] = await find();
    if (!row) {
      await this.tables.rows(ENSURE, [subscriber, issuer, bot, foldCase(bot), directoryWords({ name: bot })]);
      [row] = await find();
    }
    if (!row) throw conversationsFail.CONVERSATIONS_MISSING(`there is no subscriber "${subscriber}"`, { sent: 'no' });
    const actor: Actor = { ...row, isServer: true, isFlow: true };
    if (this.#known.size >= MAX_CACHED) this.#known.clear();
    this.#known.set(key, actor);
    return actor;
  }
}
