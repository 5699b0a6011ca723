import { setTimeout as sleep } from 'node:timers/promises';
import type { Bearer, Database, Log } from '@sluice/plugin-api';
import { Batches } from './batches.js';
import type { Mail, Target } from './mail.js';
import type { Dropped, Mailbox, NewMail, Place, ReadRequest, ReadResult, Standing, Survey, Waiting } from './mailbox.js';
import * as sql from './mailbox-statements.js';
import { MAILBOX_TABLES } from './mailbox-tables.js';

const LARGEST_BYTES = 8 * 1024 * 1024;
const LARGEST = 1_000;
/** Each commit is a sync of the disk, which senders wait for. */
const PUT_EVERY_MS = 5;
/** Nobody waits for it, unless the client asks for a receipt. */
const ACKNOWLEDGE_EVERY_MS = 20;
const AGAIN_MS = 500;
/** Separates groups: a control character, which no name has. */
const UNIT = '\x1f';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

interface Putting {
  readonly mails: readonly NewMail[];
  readonly put: Mail[];
}

interface Reading extends ReadRequest {
  result: ReadResult;
}

interface Row {
  readonly user: string;
  readonly place: number;
  readonly id: string;
  readonly workplace: string | null;
  readonly due: number | null;
  readonly sent: boolean;
  readonly headers: string;
  readonly body: Buffer;
}

interface StandingRow {
  readonly user: string;
  readonly extension: string | null;
  readonly groups: readonly string[];
  readonly waiting: number;
  readonly oldest: number | null;
}

interface SurveyRow {
  readonly events: number;
  readonly users: number;
  readonly oldest: number | null;
}

export interface PostgresMailboxDeps {
  readonly database: Database;
  readonly log: Log;
  readonly now: () => number;
  /** Fires when the gateway closes: what could not be written is given up. */
  readonly signal: AbortSignal;
}

/** The mailbox in tables of PostgreSQL. */
export class PostgresMailbox implements Mailbox {
  readonly #puts = new Batches<Putting>((items) => this.#putAll(items), {
    largest: LARGEST_BYTES,
    weightOf,
    everyMs: PUT_EVERY_MS,
  });
  readonly #reads = new Batches<Reading>((items) => this.#readAll(items), { largest: LARGEST });
  readonly #acknowledged = new Batches<readonly Place[]>((items) => this.#acknowledgeAll(items.flat()), {
    largest: LARGEST,
    everyMs: ACKNOWLEDGE_EVERY_MS,
  });
  readonly #seen = new Batches<SeenUser>((items) => this.#rememberAll(items), { largest: LARGEST });
  /** What the table says of each user, so that nothing is written when a user comes as before. */
  readonly #known = new Map<string, string>();
  /** Who was last at each workplace. */
  readonly #atWorkplace = new Map<string, string>();
  readonly #touched = new Set<string>();

  private constructor(private readonly deps: PostgresMailboxDeps) {}

  static async open(deps: PostgresMailboxDeps): Promise<PostgresMailbox> {
    const mailbox = new PostgresMailbox(deps);
    await deps.database.migrate(MAILBOX_TABLES);
    const users = await deps.database.rows<{ name: string; extension: string | null; groups: string[]; workplaces: string[] }>(
      sql.KNOWN,
    );
    for (const { name, extension, groups, workplaces } of users) {
      const user = { name, extension, groups: groups.join(UNIT) };
      mailbox.#known.set(name, signatureOf(user));
      for (const workplace of workplaces) mailbox.#atWorkplace.set(workplace, name);
    }
    return mailbox;
  }

  async put(mails: readonly NewMail[]): Promise<readonly Mail[]> {
    if (mails.length === 0) return [];
    const putting: Putting = { mails, put: [] };
    await this.#puts.add(putting);
    return putting.put;
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    const reading: Reading = { ...request, result: { mails: [], height: 0 } };
    await this.#reads.add(reading);
    return reading.result;
  }

  async again(places: readonly Place[]): Promise<readonly Mail[]> {
    const rows = await this.deps.database.rows<Row>(sql.AGAIN, [...columns(places), this.deps.now()]);
    return rows.map(mailOf);
  }

  acknowledge(places: readonly Place[]): Promise<void> {
    return this.#acknowledged.add(places);
  }

  async reject(places: readonly Place[]): Promise<readonly number[]> {
    const rows = await this.deps.database.rows<Place & { rejected: number; place: number }>(sql.REJECT, columns(places));
    const times = new Map(rows.map(({ user, place, rejected }) => [`${place} ${user}`, rejected]));
    return places.map(({ user, seq }) => times.get(`${seq} ${user}`) ?? 0);
  }

  async heights(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.deps.database.rows<{ name: string; height: number }>(sql.HEIGHTS, [users]);
    return new Map(rows.map(({ name, height }) => [name, height]));
  }

  async wait({ user, id, kind, token, until }: Waiting): Promise<void> {
    await this.deps.database.rows(sql.WAIT, [user, id, kind, token, until]);
  }

  async waiting(user: string, id: string): Promise<Waiting | undefined> {
    // clients say what they answer: nobody can wait under what is no id
    if (!UUID.test(id)) return undefined;
    const [row] = await this.deps.database.rows<Waiting>(sql.WAITING, [user, id, this.deps.now()]);
    return row;
  }

  async met(user: string, id: string): Promise<void> {
    await this.deps.database.rows(sql.MET, [user, id]);
  }

  async resolve(target: Target): Promise<readonly string[]> {
    if ('user' in target) return [target.user];
    const [[kind, value]] = Object.entries(target) as [[keyof typeof sql.RESOLVE, string | true]];
    const rows = await this.deps.database.rows<{ name: string }>(sql.RESOLVE[kind], [value === true ? null : value]);
    return rows.map(({ name }) => name);
  }

  seen({ user, extension, groups }: Bearer, workplace: string | undefined): void {
    const seen = { name: user, extension: extension ?? null, groups: groups.join(UNIT), workplace: workplace ?? null };
    const isNew = this.#known.get(user) !== signatureOf(seen);
    const moved = workplace !== undefined && this.#atWorkplace.get(workplace) !== user;
    if (!isNew && !moved) return;
    this.#known.set(user, signatureOf(seen));
    if (workplace !== undefined) this.#atWorkplace.set(workplace, user);
    void this.#seen.add(seen);
  }

  async trim(cap: number): Promise<readonly Dropped[]> {
    const users = [...this.#touched];
    if (users.length === 0) return [];
    this.#touched.clear();
    try {
      return await this.deps.database.rows<Dropped>(sql.TRIM, [users, cap]);
    } catch (error) {
      for (const user of users) this.#touched.add(user);
      throw error;
    }
  }

  async standings(users: readonly string[]): Promise<readonly Standing[]> {
    const rows = await this.deps.database.rows<StandingRow>(sql.STANDINGS, [users, this.deps.now()]);
    return rows.map(({ extension, oldest, ...rest }) => ({
      ...rest,
      ...(extension !== null && { extension }),
      ...(oldest !== null && { oldest }),
    }));
  }

  async survey(): Promise<Survey> {
    const [row] = await this.deps.database.rows<SurveyRow>(sql.SURVEY, [this.deps.now()]);
    const { events, users, oldest } = row ?? { events: 0, users: 0, oldest: null };
    return { events, users, ...(oldest !== null && { oldest }) };
  }

  async sweep(): Promise<number> {
    const [row] = await this.deps.database.rows<{ expired: number }>(sql.SWEEP, [this.deps.now()]);
    return row?.expired ?? 0;
  }

  async #putAll(items: readonly Putting[]): Promise<void> {
    const mails = withoutReplaced(items.flatMap((item) => item.mails.map((mail) => ({ mail, item }))));
    const rows = await this.deps.database.rows<{ n: number; place: number }>(sql.PUT, putParams(mails, this.deps.now()));
    for (const { n, place } of rows) {
      const { mail, item } = mails[n - 1] as (typeof mails)[number];
      item.put.push({ ...mail, seq: place });
      this.#touched.add(mail.user);
    }
  }

  async #readAll(items: readonly Reading[]): Promise<void> {
    const rows = await this.deps.database.rows<Row & { n: number; height: number }>(sql.READ, [
      items.map(({ user }) => user),
      items.map(({ after }) => after),
      items.map(({ limit }) => limit),
      items.map(({ workplace }) => workplace ?? null),
      this.deps.now(),
    ]);
    const results = items.map(() => ({ mails: [] as Mail[], height: 0 }));
    for (const { n, height, ...row } of rows) {
      const result = results[n - 1] as (typeof results)[number];
      result.height = height;
      if (row.place !== null) result.mails.push(mailOf(row));
    }
    items.forEach((item, index) => (item.result = results[index] as ReadResult));
  }

  /** Tried until it is done: what a client has acknowledged must not wait for its next acknowledgement to be deleted. */
  async #acknowledgeAll(places: readonly Place[]): Promise<void> {
    await this.#persistently('acknowledgements cannot be written yet', () =>
      this.deps.database.rows(sql.ACKNOWLEDGE, columns(places)),
    );
  }

  async #rememberAll(users: readonly SeenUser[]): Promise<void> {
    await this.#persistently('who is here cannot be written yet', () =>
      this.deps.database.rows(sql.SEEN, [
        users.map(({ name }) => name),
        users.map(({ extension }) => extension),
        users.map(({ groups }) => groups),
        users.map(({ workplace }) => workplace),
      ]),
    ).catch(() => undefined);
  }

  async #persistently(what: string, write: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.deps.signal.aborted) throw error;
        this.deps.log.debug(what, { reason: String(error) });
        await sleep(AGAIN_MS, undefined, { ref: false });
      }
    }
  }
}

interface SeenUser {
  readonly name: string;
  readonly extension: string | null;
  readonly groups: string;
  readonly workplace: string | null;
}

function signatureOf({ extension, groups }: Pick<SeenUser, 'extension' | 'groups'>): string {
  return `${extension ?? ''}${UNIT}${UNIT}${groups}`;
}

function weightOf({ mails }: Putting): number {
  return mails.reduce((sum, { content }) => sum + content.body.length + LARGEST_BYTES / LARGEST, 0);
}

function columns(places: readonly Place[]): [string[], number[]] {
  return [places.map(({ user }) => user), places.map(({ seq }) => seq)];
}

function mailOf({ user, place, id, workplace, due, sent, headers, body }: Row): Mail {
  const content = { id, headers: JSON.parse(headers) as Record<string, string>, body };
  return { user, seq: place, content, sent, ...(workplace !== null && { workplace }), ...(due !== null && { due }) };
}

/** Within one batch a later mail under the same key has replaced the earlier ones. */
function withoutReplaced<Entry extends { readonly mail: NewMail }>(entries: readonly Entry[]): readonly Entry[] {
  const last = new Map<string, Entry>();
  const keyOf = ({ user, collapseKey }: NewMail) => (collapseKey === undefined ? undefined : JSON.stringify([user, collapseKey]));
  for (const entry of entries) {
    const key = keyOf(entry.mail);
    if (key !== undefined) last.set(key, entry);
  }
  return entries.filter((entry) => {
    const key = keyOf(entry.mail);
    return key === undefined || last.get(key) === entry;
  });
}

function putParams(entries: readonly { readonly mail: NewMail }[], now: number): unknown[] {
  const bytes: Buffer[] = [];
  const starts: number[] = [];
  const heads: number[] = [];
  const sizes: number[] = [];
  let start = 0;
  for (const { mail } of entries) {
    const head = Buffer.from(JSON.stringify(mail.content.headers));
    const { body } = mail.content;
    bytes.push(head, body);
    starts.push(start);
    heads.push(head.length);
    sizes.push(body.length);
    start += head.length + body.length;
  }
  const mails = entries.map(({ mail }) => mail);
  return [
    Buffer.concat(bytes, start),
    mails.map(({ user }) => user),
    mails.map(({ content }) => content.id),
    mails.map(({ workplace }) => workplace ?? null),
    mails.map(({ collapseKey }) => collapseKey ?? null),
    mails.map(({ due }) => due ?? null),
    mails.map(({ keepForMs }) => now + keepForMs),
    mails.map(({ sent }) => sent),
    starts,
    heads,
    sizes,
  ];
}
