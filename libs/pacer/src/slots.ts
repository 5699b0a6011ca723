/**
 * The slots of one connection, shared by all hosts: no more of them are served at once, over all hosts, than the limit.
 * A slot that was being served when its host died stays taken for the crash grace.
 */
export interface Slots {
  /** Sets how many slots may be served at once; nothing is served before the first call. Rejects while the back end is away. */
  setLimit(limit: number): Promise<void>;
  /** Asks for so many slots; `serve` is called for each that is granted. Rejects while the back end is away. */
  add(count: number): Promise<void>;
  /**
   * Takes no more slots, waits for those being served until `giveUp` fires (they then stay taken for the crash grace), and disconnects.
   * Never rejects.
   */
  close(giveUp: AbortSignal): Promise<void>;
}

export interface SlotOptions {
  readonly connection: string;
  /** Serves one slot; the slot is free when it resolves. Never rejects. */
  readonly serve: () => Promise<void>;
  readonly crashGraceMs: number;
}

export type OpenSlots = (options: SlotOptions) => Slots;
