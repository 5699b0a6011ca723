import type { DesktopPresence } from '@sluice/plugin-api';
import type { z } from 'zod';
import type {
  Person,
  personChange,
  personChangeResult,
  personImport,
  personImportResult,
  personPage,
  personQuery,
} from '../contract.js';
import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { nameCursorOf, readNameCursor } from '../paging.js';
import { BUMP_ACCESS } from './access-version.js';
import {
  CHANGE_PERSON,
  FIND_PEOPLE,
  IMPORT_PEOPLE,
  LIST_PEOPLE,
  LOCK_PERSON,
  OWN_PICTURE,
  OWN_SUBSCRIBER,
  PEOPLE_BY_ID,
  PERSON_FOR_CHANGE,
  TAKE_VERSION,
  type PersonRow,
} from './directory.sql.js';
import { cleanName, directoryQuery, directoryWords, foldCase } from './names.js';
import type { Caller } from './people.js';

type Page = z.output<typeof personPage>;
type Change = z.output<typeof personChange>;
type Import = z.output<typeof personImport>;
type ImportResult = z.output<typeof personImportResult>;

/** The people of a subscriber, as their colleagues see them. */
export class Directory {
  constructor(
    private readonly tables: Tables,
    private readonly presence: Pick<DesktopPresence, 'isOnline'>,
  ) {}

  /**
   * Returns a page of the directory, sorted by name, or exactly the people with the ids that the query names.
   *
   * @throws `CONVERSATIONS_INVALID` for a cursor that is not one of this list.
   */
  async page(subscriber: string, { search, ids, after, limit }: z.output<typeof personQuery>): Promise<Page> {
    if (ids) return { people: await this.many(subscriber, ids) };
    const query = search === undefined || search.trim() === '' ? undefined : directoryQuery(search);
    // a text without a letter and a digit matches nobody
    if (query === undefined && search !== undefined && search.trim() !== '') return { people: [] };
    const at = readNameCursor(after);
    const position = [at?.position ?? null, at?.id ?? null, limit + 1] as const;
    const tables = this.tables.of(subscriber);
    const rows = await (query === undefined
      ? tables.rows(LIST_PEOPLE, ...position)
      : tables.rows(FIND_PEOPLE, ...position, query));
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last ? { next: nameCursorOf({ position: last.sort_name, id: last.id }) } : {};
    return { people: page.map((row) => this.#view(row)), ...next };
  }

  /** Returns those of these people who exist, in any order, also erased ones. */
  async many(subscriber: string, ids: readonly string[]): Promise<Person[]> {
    return (await this.tables.of(subscriber).rows(PEOPLE_BY_ID, ids)).map((row) => this.#view(row));
  }

  /** @throws `CONVERSATIONS_MISSING` when the subscriber has no such person. */
  async get(subscriber: string, id: string): Promise<Person> {
    const [found] = await this.many(subscriber, [id]);
    if (!found) throw missing(id);
    return found;
  }

  async subscriber(id: string): Promise<{ readonly id: string; readonly code: string; readonly title: string }> {
    const [row] = await this.tables.of(id).rows(OWN_SUBSCRIBER);
    if (!row) throw conversationsFail.CONVERSATIONS_MISSING('the subscriber does not exist any more');
    return { id, code: row.code, title: row.title };
  }

  /**
   * Changes the fields of a person that are present; an empty phone is removed.
   *
   * @throws `CONVERSATIONS_INVALID` when nothing visible is left of the name, or the picture is not an image that the person has uploaded.
   */
  async change(
    subscriber: string,
    id: string,
    { name, phone, email, picture }: Change,
  ): Promise<z.output<typeof personChangeResult>> {
    const cleaned = name === undefined ? undefined : visibleName(name);
    await this.tables.of(subscriber).transaction(async (tables) => {
      const [before] = await tables.rows(PERSON_FOR_CHANGE, id);
      if (!before) throw missing(id);
      if (typeof picture === 'string' && (await tables.rows(OWN_PICTURE, picture, id)).length === 0)
        throw conversationsFail.CONVERSATIONS_INVALID('the picture is not an image that this person has uploaded');
      const after = {
        name: cleaned?.name ?? before.name,
        phone: (phone === undefined ? before.phone : cleanName(phone).name) ?? '',
        email: (email === undefined ? before.email : email) ?? '',
      };
      const columns = {
        name: after.name,
        sort_name: foldCase(after.name),
        phone: after.phone === '' ? null : after.phone,
        email: after.email === '' ? null : after.email,
        ...(picture !== undefined && { picture }),
      };
      await tables.rows(CHANGE_PERSON, id, JSON.stringify(columns), directoryWords(after));
    });
    return { ...(await this.get(subscriber, id)), removedCharacters: [...(cleaned?.removed ?? [])] };
  }

  /** Creates or changes people of the caller's application by `sub`. People who are not in the list stay as they are. */
  async import({ subscriber, application }: Caller, { people }: Import): Promise<ImportResult> {
    const cleaned: ImportResult['cleaned'] = [];
    const refused: ImportResult['refused'] = [];
    const rows = new Map<string, object>();
    for (const { sub, name: raw, phone, email, isBot, isLocked } of people) {
      const { name, removed } = cleanName(raw);
      if (name === '') {
        refused.push({ sub, message: 'the name contains no visible character' });
        continue;
      }
      if (removed.length > 0) cleaned.push({ sub, name, removedCharacters: [...removed] });
      const shownPhone = phone === undefined ? undefined : cleanName(phone).name;
      const person = { name, ...(shownPhone !== undefined && { phone: shownPhone }), ...(email !== undefined && { email }) };
      // the last one of several with the same sub counts
      rows.set(sub, {
        ...person,
        sub,
        sort_name: foldCase(name),
        words: directoryWords(person),
        is_bot: isBot ?? false,
        is_locked: isLocked ?? false,
      });
    }
    const keepsLock = people.filter((one) => one.isLocked === undefined).map((one) => one.sub);
    const saved = await this.tables.of(subscriber).transaction(async (tables) => {
      const locks = keepsLock.length < people.length;
      if (locks) await tables.rows(BUMP_ACCESS);
      const written = await tables.rows(IMPORT_PEOPLE, application, JSON.stringify([...rows.values()]), keepsLock);
      const ids = written.map(({ id }) => id);
      if (locks) await tables.rows(TAKE_VERSION, ids);
      return written;
    });
    const created = saved.filter((row) => row.created).length;
    return { created, changed: saved.length - created, unchanged: rows.size - saved.length, cleaned, refused };
  }

  /** Locks or unlocks a person. Every host has closed the open feeds of a locked person within 5 s. */
  async lock(subscriber: string, id: string, isLocked: boolean): Promise<void> {
    await this.tables.of(subscriber).transaction(async (tables) => {
      await tables.rows(BUMP_ACCESS);
      const [locked] = await tables.rows(LOCK_PERSON, id, isLocked);
      if (!locked) throw missing(id);
    });
  }

  #view(row: PersonRow): Person {
    return {
      id: row.id,
      application: row.issuer,
      sub: row.erased_at ? '' : row.sub,
      name: row.name,
      ...(row.phone !== null && { phone: row.phone }),
      ...(row.email !== null && { email: row.email }),
      ...(row.picture !== null && { picture: row.picture }),
      isBot: row.is_bot,
      isLocked: row.is_locked,
      isOnline: row.erased_at === null && this.presence.isOnline(`${row.issuer}/${row.sub}`),
      ...(row.seen_at && { seenAt: row.seen_at.toISOString() }),
      ...(row.erased_at && { erasedAt: row.erased_at.toISOString() }),
    };
  }
}

function missing(id: string): Error {
  return conversationsFail.CONVERSATIONS_MISSING(`there is no person ${id}`);
}

function visibleName(raw: string): ReturnType<typeof cleanName> {
  const cleaned = cleanName(raw);
  if (cleaned.name === '') throw conversationsFail.CONVERSATIONS_INVALID('the name contains no visible character');
  return cleaned;
}
