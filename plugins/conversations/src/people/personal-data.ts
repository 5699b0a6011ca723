import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { messageOf } from '../messages/message-rows.js';
import { authorQuery } from '../search/query.js';
import type { Directory } from './directory.js';
import { BUMP_ACCESS } from './access-version.js';
import {
  APPLICATION_OF,
  ERASE_LOOSE_FILES,
  ERASE_MEMBERSHIPS,
  ERASE_PERSON,
  ERASE_REACTIONS,
  ERASE_SENT,
  ERASE_TEXTS,
  ERASE_VERSIONS,
  OWN_FILES,
  OWN_MEMBERSHIPS,
  OWN_MESSAGES,
  OWN_REACTIONS,
  OWN_VERSIONS,
} from './personal-data.sql.js';

/** Export and erasure of the data of one person. */
export class PersonalData {
  constructor(
    private readonly tables: Tables,
    private readonly directory: Pick<Directory, 'get'>,
    /** Deletes the bytes of files whose rows have been deleted. */
    private readonly filesDeleted: (subscriber: string, ids: readonly string[]) => void,
  ) {}

  /** Returns the application of a person. Throws `CONVERSATIONS_MISSING` when the subscriber has no such person. */
  async applicationOf(subscriber: string, person: string): Promise<string> {
    const [row] = await this.tables.of(subscriber).rows(APPLICATION_OF, person);
    if (!row) throw conversationsFail.CONVERSATIONS_MISSING(`there is no person ${person}`);
    return row.application;
  }

  /**
   * Yields all that is stored of a person, as lines of JSON: the person, memberships, own messages with their earlier versions, reactions
   * and files. Messages of others are their data and not contained. The memory does not grow with the number of messages.
   */
  async *export(subscriber: string, person: string): AsyncGenerator<string> {
    const line = (kind: string, value: object) => `${JSON.stringify({ kind, ...value })}\n`;
    const tables = this.tables.of(subscriber);
    yield line('person', await this.directory.get(subscriber, person));
    for (const one of await tables.rows(OWN_MEMBERSHIPS, person)) yield line('membership', one);
    for (const one of await tables.rows(OWN_REACTIONS, person)) yield line('reaction', one);
    for (const one of await tables.rows(OWN_FILES, person)) yield line('file', one);
    for (const one of await tables.rows(OWN_VERSIONS, person, authorQuery(person))) yield line('version', one);
    let last = '0';
    for (;;) {
      const rows = await tables.rows(OWN_MESSAGES, person, authorQuery(person), last);
      if (rows.length === 0) return;
      yield rows.map((row) => line('message', messageOf(row))).join('');
      last = rows.at(-1)?.ordinal ?? last;
    }
  }

  /**
   * Erases a person: name, address, phone, picture, reactions, memberships and the id in the application. Messages keep their place with an
   * author whose name is empty. A later token with the same `sub` belongs to a new person. Can be repeated, and continues where a crash has
   * interrupted it.
   *
   * @param deletesTexts also deletes the texts and files of the person's messages, with their history
   */
  async erase(subscriber: string, person: string, deletesTexts: boolean): Promise<void> {
    const tables = this.tables.of(subscriber);
    const query = authorQuery(person);
    const files = await tables.transaction(async (inner) => {
      await inner.rows(BUMP_ACCESS);
      const [erased] = await inner.rows(ERASE_PERSON, person);
      if (!erased) throw conversationsFail.CONVERSATIONS_MISSING(`there is no person ${person}`);
      await inner.rows(ERASE_REACTIONS, person);
      await inner.rows(ERASE_SENT, person);
      await inner.rows(ERASE_MEMBERSHIPS, person);
      return inner.rows(ERASE_LOOSE_FILES, person, erased.picture);
    });
    this.filesDeleted(
      subscriber,
      files.map(({ id }) => id),
    );
    if (!deletesTexts) return;
    for (;;) {
      const [deleted] = await tables.rows(ERASE_TEXTS, person, query);
      if (!deleted || deleted.messages === 0) break;
      this.filesDeleted(subscriber, deleted.files ?? []);
    }
    await tables.rows(ERASE_VERSIONS, person, query);
  }
}
