/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
  readonly remaining?: number;
}

/** The items of several pages. */
export interface Collected<Item> {
  readonly items: readonly Item[];
  /** Number of further items of the list, at least: the host counts up to 10,000. 0: the list is complete. */
  readonly more: number;
}

/** Maximum number of pages in a row without an item: such a list is ended, although it has more pages. */
const MAX_EMPTY_PAGES = 100;

/**
 * Reads the pages of a list until it ends or `max` items are collected. A page may be empty although the list goes on.
 *
 * @param read requests one page
 * @param max maximum number of items, at least 1
 * @param pageSize items per request, 1 to 1,000
 */
export async function collectPages<Item>(
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<Page<Item>>,
  max: number,
  pageSize: number,
): Promise<Collected<Item>> {
  const items: Item[] = [];
  let cursor: string | undefined;
  let empty = 0;
  for (;;) {
    const limit = Math.min(pageSize, max - items.length);
    const page = await read({ limit, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    if (page.next === undefined) return { items, more: 0 };
    empty = page.items.length === 0 ? empty + 1 : 0;
    if (items.length >= max || empty > MAX_EMPTY_PAGES) return { items, more: page.remaining ?? 1 };
    cursor = page.next;
  }
}
