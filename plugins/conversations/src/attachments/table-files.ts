import { statement } from '../database/statement.js';
import type { Tables } from '../database/tables.js';
import { conversationsFail } from '../failures.js';
import { ORPHAN_AGE_MS, type Files } from './files.js';

const PART_BYTES = 256 * 1024;

const ADD_PART = statement<object>(
  'add part',
  'insert into attachment_part (subscriber, attachment, part, bytes) values ($1, $2, $3, $4)',
);
const PART = statement<{ readonly bytes: Buffer }>(
  'part',
  'select bytes from attachment_part where subscriber = $1 and attachment = $2 and part = $3',
);
const DELETE_PARTS = statement<object>(
  'delete parts',
  'delete from attachment_part where subscriber = $1 and attachment = any($2::uuid[])',
);

/** Files in PostgreSQL, in parts, so that neither an upload nor a download holds a whole file or a connection. */
export class TableFiles implements Files {
  constructor(private readonly tables: Tables) {}

  async write(subscriber: string, id: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const tables = this.tables.of(subscriber);
    let part = 0;
    try {
      for await (const bytes of parts(chunks)) await tables.rows(ADD_PART, id, part++, bytes);
    } catch (error) {
      // when this fails as well, the sweep deletes the parts
      await this.delete(subscriber, [id]).catch(() => undefined);
      throw error;
    }
  }

  async *read(subscriber: string, id: string): AsyncIterable<Uint8Array> {
    const tables = this.tables.of(subscriber);
    for (let part = 0; ; part++) {
      const [row] = await tables.rows(PART, id, part);
      if (!row && part === 0) throw conversationsFail.CONVERSATIONS_MISSING(`the file ${id} has no content`, { sent: 'no' });
      if (!row) return;
      yield row.bytes;
    }
  }

  async delete(subscriber: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.tables.of(subscriber).rows(DELETE_PARTS, ids);
  }

  async sweep(): Promise<void> {
    await this.tables.rows(
      `delete from attachment_part p where at < now() - $1 * interval '1 ms'
         and not exists (select from attachment where attachment.id = p.attachment)`,
      [ORPHAN_AGE_MS],
    );
  }
}

/** Joins chunks to parts of {@link PART_BYTES}; an empty file has one empty part. */
async function* parts(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let count = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(held);
    count++;
    held = [];
    bytes = 0;
  }
  if (bytes > 0 || count === 0) yield Buffer.concat(held);
}
