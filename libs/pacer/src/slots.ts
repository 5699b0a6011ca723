/**
 * The slots of one connection, shared by all hosts: all hosts together serve at most `limit` slots at once.
 * A slot whose host dies stays taken for the crash grace.
 */
export interface Slots {
  /** Sets how many slots may be served at once. No slot is served before the first call. Rejects while the back end is unavailable. */
  setLimit(limit: number): Promise<void>;
  /** Requests this many slots; `serve` is called for each slot that is granted. Rejects while the back end is unavailable. */
  add(count: number): Promise<void>;
  /**
   * Takes no more slots, waits for slots that are being served until `giveUp` fires (they then stay taken for the crash grace), and
   * disconnects. Never rejects.
   */
  close(giveUp: AbortSignal): Promise<void>;
}

/** Options of {@link Slots}. */
export interface SlotOptions {
  readonly connection: string;
  /** Serves one slot. The slot is free when the promise resolves. Never rejects. */
  readonly serve: () => Promise<void>;
  readonly crashGraceMs: number;
}

/** Opens the slots of one connection. */
export type OpenSlots = (options: SlotOptions) => Slots;
