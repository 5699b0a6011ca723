import { z } from 'zod';
import type { Page } from './pages.js';
import { RequestError } from './read-request.js';
import { MAX_COUNTED } from './schemas.js';

/** The cursors of one list. They are opaque to clients, and a cursor of another list is refused. */
export interface Cursors<Position> {
  /** @throws RequestError when the text is not a cursor of this list */
  read(cursor: string | undefined): { readonly after?: Position };
  write(position: Position): string;
}

/** @param list the name of the list @param position describes the place of an item as JSON */
export function cursorsOf<Position>(list: string, position: z.ZodType<Position>): Cursors<Position> {
  const schema = z.tuple([z.literal(list), position]);
  return {
    read(cursor) {
      if (cursor === undefined) return {};
      const parsed = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
      if (!parsed.success) throw new RequestError('cursor: not a cursor of this list: begin with the first page');
      return { after: parsed.data[1] };
    },
    write: (at) => Buffer.from(JSON.stringify([list, at])).toString('base64url'),
  };
}

/**
 * Returns a page of a list.
 *
 * @param limit maximum number of items on the page
 * @param read returns the items after a position, `limit` at most
 * @param cursorOf returns the cursor of the page after this item
 * @param count returns the number of items after this item, counted up to `limit`
 */
export async function readPage<Item>(
  limit: number,
  read: (limit: number) => Promise<readonly Item[]>,
  cursorOf: (last: Item) => string,
  count: (last: Item, limit: number) => Promise<number>,
): Promise<Page<Item>> {
  // one item more than the page has, to learn whether there is a next page
  const found = await read(limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return { items, remaining: 0 };
  return { items, next: cursorOf(last), remaining: await count(last, MAX_COUNTED) };
}

/** Returns a page of a list that is in memory. The items are in the order of their keys, and no two keys are equal. */
export function pageOfList<Item>(
  all: readonly Item[],
  keyOf: (item: Item) => string,
  cursors: Cursors<string>,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<Page<Item>> {
  const { after } = cursors.read(cursor);
  const sorted = [...all].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const behind = (key: string | undefined) => (key === undefined ? sorted : sorted.filter((item) => keyOf(item) > key));
  return readPage(
    limit,
    async (size) => behind(after).slice(0, size),
    (last) => cursors.write(keyOf(last)),
    async (last, size) => behind(keyOf(last)).slice(0, size).length,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
