import type { Clock } from '@sluice/plugin-api';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Action, Author, EntryView, Fields } from '../entry.js';
import { timelineFail } from '../failures.js';
import { readTime, showTime } from '../times.js';
import type { Book } from './book.js';
import { EntryEntity } from './entities/entry.entity.js';
import { ResourceEntity } from './entities/resource.entity.js';
import { addToOutbox } from './outbox.js';

/** The columns of an entry that people and programs set. */
type State = Pick<
  EntryEntity,
  'resourceId' | 'shared' | 'startsAt' | 'endsAt' | 'status' | 'client' | 'phone' | 'comment' | 'note'
>;

/** Fields to change; absent fields stay as they are. */
export type Change = { readonly [Key in keyof Fields]?: Fields[Key] | undefined };

/** Returns the fields to set, given the current entry; undefined stands for a missing entry. */
type Step = (current: EntryView | undefined) => Change;

export interface SaveResult {
  readonly entry: EntryView;
  /** Absent: the entry already had this content. */
  readonly action?: Action;
}

/** Maximum number of entries in one answer to a page. */
const MAX_ENTRIES = 5_000;

/**
 * The entries of a booking calendar. A change, its version and its event for each listening flow are written in one transaction. The
 * database itself refuses overlapping entries, whatever program writes them.
 */
export class Entries {
  constructor(
    private readonly book: Book,
    readonly zone: string,
    private readonly changed: () => void,
    private readonly clock: Clock,
  ) {}

  /** Returns the entries that overlap the time from `from` to `to`, including cancelled ones. */
  async inRange(from: Date, to: Date): Promise<EntryView[]> {
    const found = await this.book.read((manager) =>
      withResource(manager)
        .where('tstzrange(entry.startsAt, entry.endsAt) && tstzrange(:from, :to)', { from, to })
        .orderBy('entry.startsAt')
        .limit(MAX_ENTRIES)
        .getMany(),
    );
    return found.map((entry) => this.#view(entry));
  }

  /** Returns the entries with these ids that exist. */
  async withIds(ids: readonly string[]): Promise<EntryView[]> {
    if (ids.length === 0) return [];
    const found = await this.book.read((manager) =>
      withResource(manager)
        .whereInIds([...ids])
        .getMany(),
    );
    return found.map((entry) => this.#view(entry));
  }

  /** Returns an entry. Rejects with `TIMELINE_MISSING`. */
  async get(id: string): Promise<EntryView> {
    const found = await this.book.read((manager) => this.#find(manager, id));
    if (!found) throw missing(id);
    return this.#view(found);
  }

  /** Creates an entry, unless it exists with the same content. Rejects with `TIMELINE_VERSION` if the id belongs to a different entry. */
  async create(id: string, fields: Fields, author: Author): Promise<SaveResult> {
    return this.#save(id, 0, () => fields, author);
  }

  /**
   * Changes the fields that are present. Rejects with `TIMELINE_VERSION` if the entry has another version; without a version the last
   * writer wins.
   */
  async change(id: string, version: number | undefined, fields: Change, author: Author): Promise<SaveResult> {
    const step: Step = (current) => {
      if (!current) throw missing(id);
      return fields;
    };
    return this.#save(id, version, step, author);
  }

  /** Creates or changes an entry. A repetition changes nothing. */
  async upsert(id: string, version: number | undefined, fields: Fields, author: Author): Promise<SaveResult> {
    return this.#save(id, version, () => fields, author);
  }

  async #save(id: string, version: number | undefined, step: Step, author: Author): Promise<SaveResult> {
    try {
      const saved = await this.book.transaction((manager) => this.#saveIn(manager, id, version, step, author));
      if (saved.action) this.changed();
      return saved;
    } catch (error) {
      throw await this.#explained(error, id);
    }
  }

  async #saveIn(
    manager: EntityManager,
    id: string,
    version: number | undefined,
    step: Step,
    author: Author,
  ): Promise<SaveResult> {
    // writers of one entry take turns, including the one that creates it, so that versions and events are in order
    await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [id.toLowerCase()]);
    const before = await this.#find(manager, id);
    const current = before ? this.#view(before) : undefined;
    const next = await this.#state(manager, before, step(current));
    const action = before ? actionOf(before, next) : 'created';
    if (current && action === undefined) return { entry: current };
    if (version !== undefined && version !== (current?.version ?? 0)) throw outdated(id, current);
    const row = { ...next, version: (before?.version ?? 0) + 1, changedBy: author.by, changedAt: new Date(this.clock.now()) };
    if (before) await manager.update(EntryEntity, { id }, row);
    else await manager.insert(EntryEntity, { id, ...row });
    const entry = this.#view((await this.#find(manager, id)) as EntryEntity);
    await addToOutbox(manager, randomUUID(), {
      action: action as Action,
      origin: author.origin,
      entry,
      ...(current && { before: current }),
    });
    return { entry, action: action as Action };
  }

  async #state(manager: EntityManager, before: EntryEntity | null, fields: Change): Promise<State> {
    const resource = await this.#resource(manager, before, fields.resource);
    const startsAt = fields.start === undefined ? before?.startsAt : readTime(fields.start, this.zone, 'start');
    const endsAt = fields.end === undefined ? before?.endsAt : readTime(fields.end, this.zone, 'end');
    if (!startsAt || !endsAt) throw timelineFail.TIMELINE_INVALID('a new entry needs `start` and `end`', { sent: 'no' });
    return {
      resourceId: resource.id,
      shared: resource.shared,
      startsAt,
      endsAt,
      status: fields.status ?? before?.status ?? 'waiting',
      client: fields.client ?? before?.client ?? '',
      phone: fields.phone ?? before?.phone ?? '',
      comment: fields.comment ?? before?.comment ?? '',
      note: fields.note ?? before?.note ?? '',
    };
  }

  /**
   * Finds and locks the resource: of two writers that take the same time, the second is refused at once instead of after a deadlock check.
   */
  async #resource(manager: EntityManager, before: EntryEntity | null, code: string | undefined): Promise<ResourceEntity> {
    const where = code === undefined ? { id: before?.resourceId ?? 0 } : { code };
    const found = await manager.findOne(ResourceEntity, { where, lock: { mode: 'for_no_key_update' } });
    if (!found) throw timelineFail.TIMELINE_MISSING(`there is no resource "${code ?? ''}"`, { sent: 'no' });
    return found;
  }

  #find(manager: EntityManager, id: string): Promise<EntryEntity | null> {
    return withResource(manager).where('entry.id = :id', { id }).getOne();
  }

  /** Converts an error of the database to one that explains the refusal. */
  async #explained(error: unknown, id: string): Promise<unknown> {
    const { code, constraint, driverError } = error as { code?: string; constraint?: string; driverError?: { detail?: string } };
    if (code === '23P01') return this.#overlap(id, driverError?.detail);
    if (code === '23514' && constraint === 'entry_span')
      return timelineFail.TIMELINE_INVALID('an entry ends after its start, and within 31 days', { sent: 'no' });
    return error;
  }

  async #overlap(id: string, detail = ''): Promise<Error> {
    // …conflicts with existing key (int4range(…), tstzrange(starts_at, ends_at))=([5,6), ["2026-02-01 10:00:00+00","…")).
    const match = /existing key [^=]*=\(\[(\d+),\d+\), \["([^"]+)"/.exec(detail);
    const found =
      match &&
      (await this.book.read((manager) =>
        withResource(manager)
          .where('entry.resourceId = :resource and entry.startsAt = CAST(:start AS timestamptz)', {
            resource: Number(match[1]),
            start: match[2],
          })
          .andWhere("entry.status not in ('cancelled', 'refused') and entry.id <> :id", { id })
          .getOne(),
      ));
    const there = found && this.#view(found);
    return timelineFail.TIMELINE_OVERLAP(
      there ? `${there.resource.name} is taken from ${there.start} to ${there.end}` : 'this time is taken',
      { sent: 'no', ...(there && { details: { entry: there } }) },
    );
  }

  #view(entry: EntryEntity): EntryView {
    return {
      id: entry.id,
      version: entry.version,
      resource: { code: entry.resource.code, name: entry.resource.name },
      start: showTime(entry.startsAt, this.zone),
      end: showTime(entry.endsAt, this.zone),
      status: entry.status,
      client: entry.client,
      phone: entry.phone,
      comment: entry.comment,
      note: entry.note,
      by: entry.changedBy,
      at: showTime(entry.changedAt, this.zone),
    };
  }
}

function withResource(manager: EntityManager) {
  return manager.createQueryBuilder(EntryEntity, 'entry').innerJoinAndSelect('entry.resource', 'resource');
}

/** Returns the action of a change, or undefined if nothing changed. */
function actionOf(before: EntryEntity, next: State): Action | undefined {
  const has = (...keys: (keyof State)[]) => keys.some((key) => comparable(before[key]) !== comparable(next[key]));
  if (next.status === 'cancelled' && before.status !== 'cancelled') return 'cancelled';
  if (has('resourceId', 'startsAt', 'endsAt')) return 'moved';
  return has('status', 'client', 'phone', 'comment', 'note') ? 'updated' : undefined;
}

function comparable(value: State[keyof State]): string | number | boolean {
  return value instanceof Date ? value.getTime() : value;
}

function missing(id: string): Error {
  return timelineFail.TIMELINE_MISSING(`there is no entry ${id}`, { sent: 'no' });
}

function outdated(id: string, current: EntryView | undefined): Error {
  const who = current ? `${current.by} has changed the entry ${id} in the meantime` : `the entry ${id} does not exist`;
  return timelineFail.TIMELINE_VERSION(who, { sent: 'no', ...(current && { details: { entry: current } }) });
}
