import type { Bearer, Clock, Log } from '@sluice/plugin-api';
import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { accessVersion, followAccess } from './access-version.js';
import { cleanName, directoryWords, foldCase } from './names.js';

/** The person on whose behalf a request or a frame is handled. */
export interface Caller {
  /** Id of the subscriber: `$1` of every statement. */
  readonly subscriber: string;
  /** Id of the person. */
  readonly person: string;
  /** Id of the application, which is the issuer of the token. */
  readonly application: string;
  readonly bearer: Bearer;
}

interface CallerRow {
  readonly subscriber: string;
  readonly application: string;
  readonly person: string | null;
  readonly locked: 'subscriber' | 'application' | 'person' | null;
}

/** Bounds the memory of the cache to about 10 MiB. */
const MAX_CACHED = 20_000;
/** A statement whose insert meets that of another host does not see the row of it, but the next statement does. */
const MAX_ATTEMPTS = 3;

/**
 * Finds a person, and creates the person and the application on the first visit. `$1` issuer, `$2` sub, `$3` name, `$4` name for sorting,
 * `$5` words of the directory.
 */
const VISIT = `
with known as (
  select id, subscriber, locked_at from application where issuer = $1
), created as (
  insert into application (subscriber, issuer, title)
  select id, $1, $1 from subscriber where code = 'main' and not exists (select from known)
  on conflict (issuer) do nothing
  returning id, subscriber, locked_at
), app as (
  select * from known union all select * from created
), old as (
  select person.id, person.is_locked from person join app on person.application = app.id where person.sub = $2
), fresh as (
  insert into person (subscriber, application, sub, name, sort_name, words)
  select app.subscriber, app.id, $2, $3, $4, array_to_tsvector($5::text[])
  from app join subscriber on subscriber.id = app.subscriber
  where app.locked_at is null and subscriber.locked_at is null and not exists (select from old)
  on conflict (application, sub) do nothing
  returning id, is_locked
)
select app.subscriber, app.id as application, one.id as person,
  case when subscriber.locked_at is not null then 'subscriber'
    when app.locked_at is not null then 'application'
    when one.is_locked then 'person' end as locked
from app
join subscriber on subscriber.id = app.subscriber
left join (select * from old union all select * from fresh) one on true`;

/** `$1` a version. The people who may not take part any more because of a change after this version. */
const LOCKED_SINCE = `
select id from person where access_version > $1 and is_locked
union select person.id from application join person on person.application = application.id
  where application.access_version > $1 and application.locked_at is not null
union select person.id from subscriber join person on person.subscriber = subscriber.id
  where subscriber.access_version > $1 and subscriber.locked_at is not null`;

export interface PeopleOptions {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the reading of changed access rights. */
  readonly signal: AbortSignal;
}

/** The people of all subscribers. */
export class People {
  /** Callers by `<issuer>/<sub>`; the one that was used last is the last. */
  readonly #cached = new Map<string, Omit<Caller, 'bearer'>>();
  readonly #reading = new Map<string, Promise<Omit<Caller, 'bearer'>>>();
  readonly #onLocked = new Set<(person: string) => void>();
  /** Grows when access rights have changed, so that no reading which began before enters the cache. */
  #epoch = 0;

  private constructor(private readonly options: PeopleOptions) {}

  /** Opens the people of a connection. Rejects with `UNREACHABLE` while the database is away. */
  static async open(options: PeopleOptions): Promise<People> {
    const people = new People(options);
    const version = await accessVersion(options.tables);
    followAccess(options.tables, options, version, (before) => people.#recheck(before));
    return people;
  }

  /**
   * Returns the person of a token, who is created on the first visit, with the application if sluice.yaml contains its issuer. A lock is in
   * effect on every host within 5 s.
   *
   * @throws `CONVERSATIONS_LOCKED` when the person, the application or the subscriber is locked, `UNREACHABLE` while the database is away.
   */
  async callerOf(bearer: Bearer): Promise<Caller> {
    const cached = this.#cached.get(bearer.user);
    if (cached) {
      this.#cached.delete(bearer.user);
      this.#cached.set(bearer.user, cached);
      return { ...cached, bearer };
    }
    let reading = this.#reading.get(bearer.user);
    if (!reading) {
      reading = this.#read(bearer).finally(() => this.#reading.delete(bearer.user));
      this.#reading.set(bearer.user, reading);
    }
    return { ...(await reading), bearer };
  }

  /**
   * Calls `locked` with the id of each person who may not take part any more, on each host within 5 s, so that open subscriptions are checked
   * again. Returns the function that ends the calls.
   */
  onLocked(locked: (person: string) => void): () => void {
    this.#onLocked.add(locked);
    return () => void this.#onLocked.delete(locked);
  }

  /** Returns the subscriber of a person, for operators. Throws `CONVERSATIONS_MISSING`. */
  async subscriberOf(person: string): Promise<string> {
    const [row] = await this.options.tables.rows<{ subscriber: string }>('select subscriber from person where id = $1', [person]);
    if (!row) throw conversationsFail.CONVERSATIONS_MISSING(`there is no person ${person}`);
    return row.subscriber;
  }

  async #read({ issuer, sub, user }: Bearer): Promise<Omit<Caller, 'bearer'>> {
    const epoch = this.#epoch;
    const { name: cleaned } = cleanName(sub);
    const name = cleaned === '' ? '?' : cleaned.slice(0, 200);
    const params = [issuer, sub, name, foldCase(name), directoryWords({ name })];
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const [row] = await this.options.tables.rows<CallerRow>(VISIT, params);
      if (row?.locked) throw conversationsFail.CONVERSATIONS_LOCKED(`the ${row.locked} of ${user} is locked`);
      if (!row || row.person === null) continue;
      const { subscriber, application, person } = row;
      const caller = { subscriber, application, person };
      if (epoch === this.#epoch) this.#cache(user, caller);
      return caller;
    }
    throw conversationsFail.CONVERSATIONS_LOCKED(`the person of ${user} cannot be created`);
  }

  #cache(user: string, caller: Omit<Caller, 'bearer'>): void {
    this.#cached.set(user, caller);
    if (this.#cached.size > MAX_CACHED) for (const oldest of this.#cached.keys()) return void this.#cached.delete(oldest);
  }

  /** Forgets who is cached, and notifies of the people whose rights have changed since a version and who may not take part any more. */
  async #recheck(before: string): Promise<void> {
    const locked = await this.options.tables.rows<{ id: string }>(LOCKED_SINCE, [before]);
    this.#epoch++;
    this.#cached.clear();
    for (const { id } of locked) for (const notify of this.#onLocked) notify(id);
  }
}
