/** Retention of a loop after it was closed, in milliseconds: 30 days. Copies of messages that name it arrive long before. */
export const CLOSED_LOOP_KEPT_MS = 30 * 24 * 60 * 60_000;
/**
 * Minimum retention of an open loop after its last end, in milliseconds: 90 days. It stays longer while its run is parked, because a replay
 * reads its items and ends.
 */
export const OPEN_LOOP_KEPT_MS = 90 * 24 * 60 * 60_000;

/** Names the rows of one loop. */
export interface LoopKey {
  readonly run: string;
  /** Path of the loop, such as `lines` or `orders/3/lines`. */
  readonly path: string;
  /** Number of replays of the run when the loop began. A replay that continues the loop keeps this number. */
  readonly epoch: number;
}

/** The end of one item. */
export interface ItemEnd {
  /** Place of the item in the list, from 0. */
  readonly index: number;
  /** Number of replays of the run when the item ended. The end of the newest replay counts. */
  readonly epoch: number;
  readonly ok: boolean;
  /** JSON: the result of the item, or its error with the place at which it failed. A missing value is stored as null. */
  readonly value: unknown;
}

/**
 * Loops that are too large to travel in messages: their lists, and how each item ended. Items and values are JSON of any size.
 * Limits of pages are in bytes of UTF-8, and a page has at least one item, however large the item is.
 */
export interface LoopStore {
  /**
   * Stores the list of a loop in one transaction. When the loop exists, it stays unchanged: the list that was stored first counts.
   *
   * @returns true when this call has stored the list; false when the loop exists
   */
  create(loop: LoopKey, items: readonly unknown[]): Promise<boolean>;
  /**
   * Returns consecutive items, the first of which has the index `from`. Empty after the end of the list.
   *
   * @param page `maxBytes`: limit of the page, without the items of the same stored block as the first one
   * @returns undefined when the loop does not exist, or not any more
   */
  items(
    loop: LoopKey,
    page: { readonly from: number; readonly maxBytes: number },
  ): Promise<{ readonly total: number; readonly items: readonly unknown[] } | undefined>;
  /**
   * Stores ends of items. For one index and one epoch the end that was stored first counts. Calls are combined into batches. Ends of a loop
   * that does not exist are ignored.
   */
  end(loop: LoopKey, ends: readonly ItemEnd[]): Promise<void>;
  /**
   * Returns a page of the ends that count, one for each index, in the order of the indices.
   *
   * @param page `from`: lowest index; `limit`: maximum number of ends
   */
  ends(
    loop: LoopKey,
    page: { readonly from: number; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly ItemEnd[]>;
  /**
   * Returns the indices of items that have no successful end, in their order.
   *
   * @param page `from`: lowest index; `limit`: maximum number of indices
   */
  missing(loop: LoopKey, page: { readonly from: number; readonly limit: number }): Promise<readonly number[]>;
  /** Closes a loop that has ended. It is deleted after {@link CLOSED_LOOP_KEPT_MS}; until then it can be read. */
  close(loop: LoopKey): Promise<void>;
  /** Closes all loops of a run that will not be replayed any more, such as a run that an operator has dropped. */
  closeRun(run: string): Promise<void>;
}
