/** Where the bytes of attachments are. The rows of attachments are in the table `attachment` in any case. */
export interface Files {
  /**
   * Stores a file. When `chunks` throws, or the storage fails, nothing remains of it.
   *
   * @throws the error of `chunks`, or `UNREACHABLE`
   */
  write(subscriber: string, id: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Returns the bytes of a file. Reading rejects when there is no such file. */
  read(subscriber: string, id: string): AsyncIterable<Uint8Array>;
  /** Deletes files. A file that does not exist counts as deleted. */
  delete(subscriber: string, ids: readonly string[]): Promise<void>;
  /**
   * Deletes what hosts that died in the middle of an upload have left, when it is older than an hour.
   *
   * @param known returns those of the ids that have a row
   */
  sweep(known: (subscriber: string, ids: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void>;
}

/** Age from which a file without a row belongs to no upload. An upload takes less, because requests have a time limit. */
export const ORPHAN_AGE_MS = 3_600_000;
