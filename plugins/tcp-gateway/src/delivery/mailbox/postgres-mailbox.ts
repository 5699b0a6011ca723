import { setTimeout as sleep } from 'node:timers/promises';
import type { Bearer, Database, Log } from '@sluice/plugin-api';
import { Batches } from './statement-batches.js';
import type { Content, Mail, Target } from './mailbox-event.js';
import {
  ID_KEPT_MS,
  MAX_READ_BYTES,
  type DroppedEvent,
  type HeldEvents,
  type Mailbox,
  type NewMail,
  type MailboxPosition,
  type ReadRequest,
  type ReadResult,
  type MailboxSummary,
  type MailboxTotals,
  type WaitingRun,
} from './mailbox.js';
import * as sql from './statements.js';
import { MAILBOX_TABLES } from './tables.js';

/** Of the events that one statement puts: it has to end well within the timeout of a query. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_BATCH = 1_000;
/** Of each of them, the first mail may be as large as an event can be. */
const MAX_READERS = 200;
/** Users whose mailboxes one statement trims. */
const MAX_TRIMMED_USERS = 500;
/** Each commit is a sync of the disk, which senders wait for. */
const PUT_EVERY_MS = 5;
/** Nobody waits for it, unless the client asks for a receipt. */
const ACKNOWLEDGE_EVERY_MS = 20;
const AGAIN_MS = 500;
const DAY_MS = 86_400_000;
/** Workplaces that were not seen for so long are forgotten. */
const WORKPLACE_KEPT_MS = 30 * DAY_MS;
/** Workplaces that this host remembers. Past so many it forgets all: each is written once more when it is seen. */
const MAX_KNOWN_WORKPLACES = 50_000;
/** Rows that one statement of a sweep changes at most: it has to end well within the timeout of a query. */
const MAX_SWEPT_ROWS = 20_000;
/** Separates groups: a control character, which no name has. */
const UNIT = '\x1f';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

interface PendingPut {
  readonly mails: readonly NewMail[];
  readonly put: Mail[];
}

interface PendingRead extends ReadRequest {
  result: ReadResult;
}

interface PendingReject {
  readonly places: readonly MailboxPosition[];
  times: readonly number[];
}

interface PendingLookup extends HeldEvents {
  waiting: Set<number>;
}

/** How many events of a user waited when its highest place was `height`. Each place above it is one more at most. */
interface Fill {
  readonly height: number;
  readonly waiting: number;
}

interface TrimRow extends Fill {
  readonly user: string;
  readonly dropped: readonly string[];
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

interface ReadRow extends Row {
  readonly n: number;
  readonly height: number;
  readonly found: number;
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
  readonly #puts = new Batches<PendingPut>((items) => this.#putAll(items), {
    largest: MAX_BATCH_BYTES,
    weightOf,
    everyMs: PUT_EVERY_MS,
  });
  readonly #reads = new Batches<PendingRead>((items) => this.#readAll(items), { largest: MAX_READERS });
  readonly #acknowledged = new Batches<readonly MailboxPosition[]>((items) => this.#acknowledgeAll(items.flat()), {
    largest: MAX_BATCH,
    everyMs: ACKNOWLEDGE_EVERY_MS,
  });
  readonly #rejects = new Batches<PendingReject>((items) => this.#rejectAll(items), { largest: MAX_BATCH });
  readonly #looks = new Batches<PendingLookup>((items) => this.#lookAll(items), { largest: MAX_BATCH });
  readonly #seen = new Batches<SeenUser>((items) => this.#rememberAll(items), { largest: MAX_BATCH });
  /** What the table says of each user, so that nothing is written when a user comes as before. */
  readonly #known = new Map<string, string>();
  /** The last user of each workplace, and when the table was last updated with it. */
  readonly #atWorkplace = new Map<string, { readonly user: string; readonly seenAt: number }>();
  /** The highest place that was put here for each user since the last trim. */
  readonly #touched = new Map<string, number>();
  /** Of users whose mailbox was counted. */
  readonly #fills = new Map<string, Fill>();

  private constructor(private readonly deps: PostgresMailboxDeps) {}

  static async open(deps: PostgresMailboxDeps): Promise<PostgresMailbox> {
    const mailbox = new PostgresMailbox(deps);
    await deps.database.migrate(MAILBOX_TABLES);
    const users = await deps.database.rows<{ name: string; extension: string | null; groups: string[] }>(sql.KNOWN);
    for (const { name, extension, groups } of users) {
      mailbox.#known.set(name, signatureOf({ extension, groups: groups.join(UNIT) }));
    }
    const workplaces = await deps.database.rows<{ name: string; user: string; seenAt: number }>(sql.WORKPLACES);
    for (const { name, user, seenAt } of workplaces) mailbox.#atWorkplace.set(name, { user, seenAt });
    return mailbox;
  }

  async put(mails: readonly NewMail[]): Promise<readonly Mail[]> {
    const put: Mail[] = [];
    // one part after another: what others put meanwhile shares their statements instead of waiting for all of them
    for (const part of partsOf(mails)) {
      const putting: PendingPut = { mails: part, put: [] };
      await this.#puts.add(putting);
      put.push(...putting.put);
    }
    return put;
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    const reading: PendingRead = { ...request, result: { mails: [], more: false, height: 0 } };
    await this.#reads.add(reading);
    return reading.result;
  }

  async again(places: readonly MailboxPosition[]): Promise<readonly Mail[]> {
    const rows = await this.deps.database.rows<Row>(sql.AGAIN, [...columns(places), this.deps.now()]);
    return rows.map(mailOf);
  }

  acknowledge(places: readonly MailboxPosition[]): Promise<void> {
    return this.#acknowledged.add(places);
  }

  async reject(places: readonly MailboxPosition[]): Promise<readonly number[]> {
    if (places.length === 0) return [];
    const rejecting: PendingReject = { places, times: [] };
    await this.#rejects.add(rejecting);
    return rejecting.times;
  }

  async stillWaiting(inHand: HeldEvents): Promise<ReadonlySet<number>> {
    const looking: PendingLookup = { ...inHand, waiting: new Set() };
    await this.#looks.add(looking);
    return looking.waiting;
  }

  async heights(users: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.deps.database.rows<{ name: string; height: number }>(sql.HEIGHTS, [users]);
    return new Map(rows.map(({ name, height }) => [name, height]));
  }

  async wait({ user, id, kind, token, until }: WaitingRun): Promise<void> {
    await this.deps.database.rows(sql.WAIT, [user, id, kind, token, until]);
  }

  async waiting(user: string, id: string): Promise<WaitingRun | undefined> {
    // clients say what they answer: nobody can wait under what is no id
    if (!UUID.test(id)) return undefined;
    const [row] = await this.deps.database.rows<WaitingRun>(sql.WAITING, [user, id, this.deps.now()]);
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
    const isNewThere = workplace !== undefined && !this.#isKnownAt(workplace, user);
    if (!isNew && !isNewThere) return;
    this.#known.set(user, signatureOf(seen));
    if (workplace !== undefined) {
      if (this.#atWorkplace.size >= MAX_KNOWN_WORKPLACES) this.#atWorkplace.clear();
      this.#atWorkplace.set(workplace, { user, seenAt: this.deps.now() });
    }
    void this.#seen.add(seen);
  }

  async trim(cap: number): Promise<readonly DroppedEvent[]> {
    const touched = new Map(this.#touched);
    this.#touched.clear();
    const full = [...touched].filter(([user, place]) => this.#atMost(user, place) > cap);
    const dropped: DroppedEvent[] = [];
    for (let at = 0; at < full.length; at += MAX_TRIMMED_USERS) {
      const users = full.slice(at, at + MAX_TRIMMED_USERS).map(([user]) => user);
      try {
        const rows = await this.deps.database.rows<TrimRow>(sql.TRIM, [users, cap, this.deps.now()]);
        for (const { user, height, waiting } of rows) this.#fills.set(user, { height, waiting });
        dropped.push(...rows.flatMap((row) => row.dropped.map((id) => ({ user: row.user, id }))));
      } catch (error) {
        this.deps.log.debug('mailboxes cannot be trimmed yet', { reason: String(error) });
        for (const [user, place] of full.slice(at)) this.#touch(user, place);
        return dropped;
      }
    }
    return dropped;
  }

  async summaries(users: readonly string[]): Promise<readonly MailboxSummary[]> {
    const rows = await this.deps.database.rows<StandingRow>(sql.STANDINGS, [users, this.deps.now()]);
    return rows.map(({ extension, oldest, ...rest }) => ({
      ...rest,
      ...(extension !== null && { extension }),
      ...(oldest !== null && { oldest }),
    }));
  }

  async totals(): Promise<MailboxTotals> {
    const [row] = await this.deps.database.rows<SurveyRow>(sql.SURVEY, [this.deps.now()]);
    const { events, users, oldest } = row ?? { events: 0, users: 0, oldest: null };
    return { events, users, ...(oldest !== null && { oldest }) };
  }

  async sweep(): Promise<number> {
    const now = this.deps.now();
    await this.deps.database.rows(sql.SWEEP, [now, now - WORKPLACE_KEPT_MS]);
    await this.#inParts(sql.FORGET, now - ID_KEPT_MS);
    return this.#inParts(sql.EXPIRE, now);
  }

  /** Repeats a statement that changes a bounded number of rows until it finds fewer. Resolves with the number of all rows. */
  async #inParts(statement: string, time: number): Promise<number> {
    let total = 0;
    for (let count = MAX_SWEPT_ROWS; count === MAX_SWEPT_ROWS && !this.deps.signal.aborted; total += count) {
      const [row] = await this.deps.database.rows<{ count: number }>(statement, [time, MAX_SWEPT_ROWS]);
      count = row?.count ?? 0;
    }
    return total;
  }

  /** False also when it was seen a day ago: the table is to know who still comes. */
  #isKnownAt(workplace: string, user: string): boolean {
    const known = this.#atWorkplace.get(workplace);
    return known?.user === user && this.deps.now() - known.seenAt < DAY_MS;
  }

  #touch(user: string, place: number): void {
    this.#touched.set(user, Math.max(place, this.#touched.get(user) ?? 0));
  }

  /** The most events that can wait for a user whose highest place is this one, whichever hosts have put them. */
  #atMost(user: string, place: number): number {
    const fill = this.#fills.get(user);
    // places begin anew for a user who was forgotten
    return fill && place >= fill.height ? fill.waiting + place - fill.height : place;
  }

  async #putAll(items: readonly PendingPut[]): Promise<void> {
    const mails = items.flatMap((item) => item.mails.map((mail) => ({ mail, item })));
    const rows = await this.deps.database.rows<{ n: number; place: number }>(
      sql.PUT,
      putParams(mails, this.deps.now()),
      'mailbox put',
    );
    const replaced = await this.#collapse(mails.map(({ mail }) => mail));
    for (const { n, place } of rows) {
      const { mail, item } = mails[n - 1] as (typeof mails)[number];
      this.#touch(mail.user, place);
      if (!replaced.has(keyOf(mail.user, place))) item.put.push({ ...mail, seq: place });
    }
  }

  /** Also for repeats: what put them the first time may have failed before this. Resolves with the keys of the places that were replaced. */
  async #collapse(mails: readonly NewMail[]): Promise<ReadonlySet<string>> {
    const keyed = mails.filter(({ collapseKey }) => collapseKey !== undefined);
    if (keyed.length === 0) return new Set();
    const params = [keyed.map(({ user }) => user), keyed.map(({ collapseKey }) => collapseKey), this.deps.now()];
    const rows = await this.deps.database.rows<{ user: string; place: number }>(sql.COLLAPSE, params);
    return new Set(rows.map(({ user, place }) => keyOf(user, place)));
  }

  async #readAll(items: readonly PendingRead[]): Promise<void> {
    const params = [
      items.map(({ user }) => user),
      items.map(({ after }) => after),
      items.map(({ limit }) => limit),
      items.map(({ workplace }) => workplace ?? null),
      this.deps.now(),
      MAX_READ_BYTES,
    ];
    const rows = await this.deps.database.rows<ReadRow>(sql.READ, params, 'mailbox read');
    const results = items.map(() => ({ mails: [] as Mail[], more: false, height: 0 }));
    for (const { n, height, found, ...row } of rows) {
      const result = results[n - 1] as (typeof results)[number];
      result.height = height;
      if (row.place === null) continue;
      result.mails.push(mailOf(row));
      result.more = result.mails.length < found || found === items[n - 1]?.limit;
    }
    items.forEach((item, index) => (item.result = results[index] as ReadResult));
  }

  /** Tried until it is done: what a client has acknowledged must not wait for its next acknowledgement to leave the mailbox. */
  async #acknowledgeAll(places: readonly MailboxPosition[]): Promise<void> {
    await this.#persistently('acknowledgements cannot be written yet', () =>
      this.deps.database.rows(sql.ACKNOWLEDGE, [...columns(places), this.deps.now()], 'mailbox acknowledge'),
    );
  }

  /** A place that several clients have rejected in one batch counts once. */
  async #rejectAll(items: readonly PendingReject[]): Promise<void> {
    const places = items.flatMap((item) => item.places);
    const rows = await this.deps.database.rows<{ user: string; place: number; rejected: number }>(sql.REJECT, columns(places));
    const times = new Map(rows.map(({ user, place, rejected }) => [keyOf(user, place), rejected]));
    for (const item of items) item.times = item.places.map(({ user, seq }) => times.get(keyOf(user, seq)) ?? 0);
  }

  async #lookAll(items: readonly PendingLookup[]): Promise<void> {
    const rows = await this.deps.database.rows<{ n: number; place: number }>(sql.STILL_WAITING, [
      items.map(({ user }) => user),
      items.map(({ seqs }) => Math.min(...seqs)),
      items.map(({ seqs }) => Math.max(...seqs)),
      this.deps.now(),
    ]);
    for (const { n, place } of rows) items[n - 1]?.waiting.add(place);
  }

  async #rememberAll(users: readonly SeenUser[]): Promise<void> {
    await this.#persistently('who is here cannot be written yet', () =>
      this.deps.database.rows(sql.SEEN, [
        users.map(({ name }) => name),
        users.map(({ extension }) => extension),
        users.map(({ groups }) => groups),
        users.map(({ workplace }) => workplace),
        this.deps.now(),
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

function weightOf({ mails }: Pick<PendingPut, 'mails'>): number {
  return mails.reduce((sum, { content }) => sum + content.body.length + MAX_BATCH_BYTES / MAX_BATCH, 0);
}

/** Parts that one statement can put: an event for all users is as large as all its copies. */
function* partsOf(mails: readonly NewMail[]): Iterable<readonly NewMail[]> {
  let part: NewMail[] = [];
  let weight = 0;
  for (const mail of mails) {
    part.push(mail);
    weight += weightOf({ mails: [mail] });
    if (weight < MAX_BATCH_BYTES) continue;
    yield part;
    part = [];
    weight = 0;
  }
  if (part.length > 0) yield part;
}

function columns(places: readonly MailboxPosition[]): [string[], number[]] {
  return [places.map(({ user }) => user), places.map(({ seq }) => seq)];
}

function mailOf({ user, place, id, workplace, due, sent, headers, body }: Row): Mail {
  const content = { id, headers: JSON.parse(headers) as Record<string, string>, body };
  return { user, seq: place, content, sent, ...(workplace !== null && { workplace }), ...(due !== null && { due }) };
}

function keyOf(user: string, place: number): string {
  return `${place} ${user}`;
}

function putParams(entries: readonly { readonly mail: NewMail }[], now: number): unknown[] {
  const bytes: Buffer[] = [];
  let length = 0;
  const spanOf = new Map<Content, { readonly start: number; readonly head: number; readonly size: number }>();
  /** What many users get travels once. */
  const add = (content: Content) => {
    const head = Buffer.from(JSON.stringify(content.headers));
    const span = { start: length, head: head.length, size: content.body.length };
    spanOf.set(content, span);
    bytes.push(head, content.body);
    length += head.length + content.body.length;
    return span;
  };
  const mails = entries.map(({ mail }) => mail);
  const spans = mails.map(({ content }) => spanOf.get(content) ?? add(content));
  return [
    Buffer.concat(bytes, length),
    mails.map(({ user }) => user),
    mails.map(({ content }) => content.id),
    mails.map(({ workplace }) => workplace ?? null),
    mails.map(({ collapseKey }) => collapseKey ?? null),
    mails.map(({ due }) => due ?? null),
    mails.map(({ keepForMs }) => now + keepForMs),
    mails.map(({ sent }) => sent),
    spans.map(({ start }) => start),
    spans.map(({ head }) => head),
    spans.map(({ size }) => size),
  ];
}
