import { isSluiceError, newEventId, type Clock } from '@sluice/plugin-api';
import type { Config } from '../config.js';
import type { Attachment } from '../contract.js';
import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import type { Actor } from '../discussions/discussions.js';
import { conversationsFail } from '../failures.js';
import { visibleTo } from '../messages/message-rows.js';
import { cleanName } from '../people/names.js';
import type { Files } from './files.js';

/** A file that a person uploads. */
export interface Upload {
  readonly name: string;
  /** Media type. */
  readonly type: string;
  readonly isShown: boolean;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Size in bytes that the client has announced. */
  readonly announced?: number | undefined;
}

/** Maximum number of files of a person that no message contains yet. */
const MAX_UNSENT = 100;
/** Maximum number of uploads of a person at the same time on a host. */
const MAX_UPLOADS = 5;
/** A file that no message contains after this time is deleted. */
const UNSENT_AGE = '1 day';
const SWEEP_BATCH = 500;
/** How long the size of all files of a subscriber is remembered. */
const TOTAL_VALID_MS = 60_000;

const COUNT_UNSENT = statement<{ readonly count: number }>(
  'count unsent',
  `select count(*)::int as count from attachment where subscriber = $1 and author = $2 and discussion is null`,
);
const TOTAL = statement<{ readonly bytes: number }>(
  'total bytes',
  `select coalesce(sum(bytes), 0)::float8 as bytes from attachment where subscriber = $1`,
);
const ADD = statement<object>(
  'add attachment',
  `insert into attachment (subscriber, id, author, name, type, bytes, is_shown) values ($1, $2, $3, $4, $5, $6, $7)`,
);

/** The file `$2`, if `$3` may read it: it is unsent and his own, in a message that he may see, or the picture of a person. */
const READABLE = statement<Attachment>(
  'readable attachment',
  `select f.id, f.name, f.type, f.bytes::float8 as bytes, f.is_shown as "isShown" from attachment f
   where f.subscriber = $1 and f.id = $2 and (
     (f.discussion is null and f.author = $3)
     or exists (select from person p where p.subscriber = $1 and p.picture = f.id)
     or exists (
       select from message x join member m on m.subscriber = $1 and m.discussion = x.discussion and m.person = $3
       where x.subscriber = $1 and x.discussion = f.discussion and x.seq = f.seq and ${visibleTo('m.person')}))`,
);
const KNOWN = statement<{ readonly id: string }>(
  'known attachments',
  `select id from attachment where subscriber = $1 and id = any($2::uuid[])`,
);

/** Files that people attach to messages. */
export class Attachments {
  readonly #uploads = new Map<string, number>();
  readonly #totals = new Map<string, { readonly until: number; bytes: number }>();

  constructor(
    private readonly tables: Tables,
    private readonly files: Files,
    private readonly limits: Config['attachments'],
    private readonly clock: Clock,
  ) {}

  /**
   * Stores a file, which a message of the same person may contain afterwards. Of an upload that is cut off nothing remains.
   *
   * @throws `CONVERSATIONS_LIMIT`, `CONVERSATIONS_INVALID` for a media type that is not allowed, or the error of the chunks. The details of the first two
   * name the limit (`size`, `uploads`, `unsent`, `total`, `type`), so that a client can explain it in the language of its user.
   */
  async upload({ subscriber, person }: Actor, { name, type, isShown, chunks, announced }: Upload): Promise<Attachment> {
    const { maxSize, types } = this.limits;
    const media = type.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!types.some((pattern) => isOfType(media, pattern)))
      throw conversationsFail.CONVERSATIONS_INVALID(`files of the type "${media.slice(0, 100)}" may not be attached`, {
        sent: 'no',
        details: { limit: 'type' },
      });
    if ((announced ?? 0) > maxSize) throw tooLarge(maxSize);
    const running = this.#uploads.get(person) ?? 0;
    if (running >= MAX_UPLOADS)
      throw conversationsFail.CONVERSATIONS_LIMIT(`up to ${MAX_UPLOADS} files are uploaded at the same time`, {
        sent: 'no',
        details: { limit: 'uploads', max: MAX_UPLOADS },
      });
    this.#uploads.set(person, running + 1);
    try {
      return await this.#store(subscriber, person, { name: fileName(name), type: media, isShown, chunks });
    } finally {
      const left = (this.#uploads.get(person) ?? 1) - 1;
      if (left > 0) this.#uploads.set(person, left);
      else this.#uploads.delete(person);
    }
  }

  /** Returns a file that the caller may read. Throws `CONVERSATIONS_MISSING`. */
  async open({ subscriber, person }: Actor, id: string): Promise<{ attachment: Attachment; bytes: AsyncIterable<Uint8Array> }> {
    const [attachment] = await this.tables.of(subscriber).rows(READABLE, id, person);
    if (!attachment) throw conversationsFail.CONVERSATIONS_MISSING(`there is no file ${id}`, { sent: 'no' });
    return { attachment, bytes: this.files.read(subscriber, id) };
  }

  /** Deletes the bytes of files whose rows are deleted. */
  async delete(subscriber: string, ids: readonly string[]): Promise<void> {
    await this.files.delete(subscriber, ids);
  }

  /** Deletes files that no message contains after a day, and the remains of uploads that were cut off with their host. */
  async sweep(): Promise<void> {
    for (;;) {
      const rows = await this.tables.rows<{ readonly subscriber: string; readonly id: string }>(
        `delete from attachment where id in (
           select id from attachment f where discussion is null and at < now() - $1::interval
             and not exists (select from person where person.picture = f.id)
           limit $2
         ) returning subscriber, id`,
        [UNSENT_AGE, SWEEP_BATCH],
      );
      for (const { subscriber, id } of rows) await this.files.delete(subscriber, [id]);
      if (rows.length < SWEEP_BATCH) break;
    }
    await this.files.sweep(async (subscriber, ids) => {
      const rows = await this.tables.of(subscriber).rows(KNOWN, ids);
      return new Set(rows.map(({ id }) => id));
    });
  }

  async #store(
    subscriber: string,
    person: string,
    { name, type, isShown, chunks }: Omit<Upload, 'announced'>,
  ): Promise<Attachment> {
    const tables = this.tables.of(subscriber);
    const [unsent] = await tables.rows(COUNT_UNSENT, person);
    if ((unsent?.count ?? 0) >= MAX_UNSENT)
      throw conversationsFail.CONVERSATIONS_LIMIT(`${MAX_UNSENT} files of this person are in no message yet`, {
        sent: 'no',
        details: { limit: 'unsent', max: MAX_UNSENT },
      });
    const total = await this.#totalOf(subscriber);
    const left = this.limits.maxTotal - total.bytes;
    if (left <= 0)
      throw conversationsFail.CONVERSATIONS_LIMIT('the files of this subscriber take all of their room', {
        sent: 'no',
        details: { limit: 'total' },
      });
    const id = newEventId();
    let bytes = 0;
    const { maxSize } = this.limits;
    await this.files.write(
      subscriber,
      id,
      bounded(chunks, Math.min(maxSize, left), (count) => (bytes = count)),
    );
    try {
      await tables.rows(ADD, id, person, name, type, bytes, isShown);
    } catch (error) {
      // when this fails as well, the sweep deletes the file
      await this.files.delete(subscriber, [id]).catch(() => undefined);
      throw error;
    }
    total.bytes += bytes;
    return { id, name, type, bytes, isShown };
  }

  async #totalOf(subscriber: string): Promise<{ bytes: number }> {
    const known = this.#totals.get(subscriber);
    if (known && known.until > this.clock.monotonic()) return known;
    const [row] = await this.tables.of(subscriber).rows(TOTAL);
    const total = { until: this.clock.monotonic() + TOTAL_VALID_MS, bytes: row?.bytes ?? 0 };
    this.#totals.set(subscriber, total);
    return total;
  }
}

async function* bounded(
  chunks: AsyncIterable<Uint8Array>,
  max: number,
  count: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > max) throw tooLarge(max);
      count(bytes);
      yield chunk;
    }
  } catch (error) {
    if (isSluiceError(error)) throw error;
    throw conversationsFail.CONVERSATIONS_INVALID('the upload was cut off', { sent: 'no', cause: error });
  }
}

function isOfType(media: string, pattern: string): boolean {
  const [kind, subtype] = media.split('/');
  const [wantedKind, wantedSubtype] = pattern.split('/');
  return (wantedKind === '*' || wantedKind === kind) && (wantedSubtype === '*' || wantedSubtype === subtype);
}

/** Returns the last part of a path without hidden characters, because clients save a file under it. */
function fileName(name: string): string {
  const last = cleanName(name.split(/[\\/]/).at(-1) ?? '').name;
  return last === '' ? 'file' : last.slice(-200);
}

function tooLarge(max: number): Error {
  return conversationsFail.CONVERSATIONS_LIMIT(`a file has up to ${max} bytes here`, {
    sent: 'no',
    details: { limit: 'size', max },
  });
}
