import { isSluiceError, type Log, type Clock, type Timer } from '@sluice/plugin-api';

/** Entries between two instants that were not recorded. */
export interface Gap {
  readonly from: Date;
  readonly to: Date;
  readonly count: number;
}

/** The destination of a {@link BufferedLog}. Both methods reject with `STORE_UNAVAILABLE` if the entries should be written again later. */
export interface LogSink<Entry> {
  append(entries: readonly Entry[]): Promise<void>;
  appendGap(gap: Gap): Promise<void>;
}

/** Limits of a {@link BufferedLog}. */
export interface BufferLimits<Entry> {
  /** Maximum number of entries that are kept while they cannot be written. */
  readonly capacity: number;
  readonly batch: number;
  /** Returns the size of an entry. Absent: the sizes are not limited. */
  readonly bytesOf?: (entry: Entry) => number;
  /** Maximum bytes of the entries that are kept. */
  readonly capacityBytes?: number;
  /** Bytes after which a batch takes no further entry. */
  readonly batchBytes?: number;
  /** How long an entry waits for others to share its batch. */
  readonly delayMs: number;
  readonly retryMs: number;
}

/** A log whose writers never wait. Entries that exceed the buffer are counted and recorded as a gap. */
export class BufferedLog<Entry extends { readonly at: Date }> {
  #buffer: Entry[] = [];
  #bytes = 0;
  /** Number of entries that have left the buffer so far. */
  #left = 0;
  #gap: Gap | undefined;
  #skipped = 0;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    private readonly sink: LogSink<Entry>,
    private readonly log: Log,
    private readonly clock: Clock,
    private readonly limits: BufferLimits<Entry>,
  ) {}

  get skipped(): number {
    return this.#skipped;
  }

  write(entry: Entry): void {
    const { capacity, capacityBytes = Infinity } = this.limits;
    const bytes = this.#bytesOf(entry);
    if (this.#buffer.length >= capacity || this.#bytes + bytes > capacityBytes) return this.#skip([entry]);
    this.#buffer.push(entry);
    this.#bytes += bytes;
    this.#later(this.limits.delayMs);
  }

  /**
   * Writes the entries that are buffered now; it does not wait for entries that arrive in the meantime. Rejects with `STORE_UNAVAILABLE` if
   * the sink cannot be used now.
   */
  async flush(): Promise<void> {
    const upTo = this.#left + this.#buffer.length;
    while (this.#left < upTo || this.#gap) {
      this.#writing ??= this.#writeSome().finally(() => (this.#writing = undefined));
      await this.#writing;
    }
  }

  /** Writes the buffered entries if the sink can be used, and stops. */
  async close(): Promise<void> {
    await this.flush().catch((error: unknown) =>
      this.log.warn('the last entries of the journal are lost', { error, count: this.#buffer.length }),
    );
    this.#timer?.cancel();
  }

  #later(ms: number): void {
    this.#timer ??= this.clock
      .after(ms, () => {
        this.#timer = undefined;
        this.flush().catch(() => this.#later(this.limits.retryMs));
      })
      .unref();
  }

  async #writeSome(): Promise<void> {
    const batch = this.#buffer.slice(0, this.#batchLength());
    if (batch.length > 0) {
      await this.#append(batch);
      this.#buffer.splice(0, batch.length);
      for (const entry of batch) this.#bytes -= this.#bytesOf(entry);
      this.#left += batch.length;
    }
    if (!this.#gap) return;
    const gap = this.#gap;
    this.#gap = undefined;
    await this.sink.appendGap(gap).catch((error: unknown) => {
      this.#gap = joined(gap, this.#gap);
      throw error;
    });
  }

  #bytesOf(entry: Entry): number {
    return this.limits.bytesOf?.(entry) ?? 0;
  }

  #batchLength(): number {
    const { batch, batchBytes = Infinity } = this.limits;
    let [length, bytes] = [0, 0];
    while (length < Math.min(batch, this.#buffer.length) && bytes < batchBytes)
      bytes += this.#bytesOf(this.#buffer[length++] as Entry);
    return length;
  }

  /**
   * Writes a batch. A batch that the sink refuses for another reason than its unavailability is dropped, because it would be refused every time.
   */
  async #append(batch: readonly Entry[]): Promise<void> {
    try {
      await this.sink.append(batch);
    } catch (error) {
      if (isSluiceError(error) && error.code === 'STORE_UNAVAILABLE') throw error;
      this.log.error('the database refused entries of the journal', { error, count: batch.length });
      this.#skip(batch);
    }
  }

  #skip(entries: readonly Entry[]): void {
    for (const { at } of entries) this.#gap = joined({ from: at, to: at, count: 1 }, this.#gap);
    this.#skipped += entries.length;
  }
}

function joined(a: Gap, b: Gap | undefined): Gap {
  if (!b) return a;
  return { from: a.from < b.from ? a.from : b.from, to: a.to > b.to ? a.to : b.to, count: a.count + b.count };
}
