import { RECORD_BYTES, type RecordStore, type StepRecord, type TrimmedRecords } from '@sluice/engine';
import type { MemoryDatabase, RecordRow } from './memory-database.js';

/** Maximum number of records that wait while the database is unavailable. */
const MAX_BUFFERED = 50_000;
const KEPT_PART = 0.9;

/** The recorded steps of runs in the database. */
export class MemoryRecords implements RecordStore {
  #buffer: StepRecord[] = [];
  #skipped = 0;

  constructor(private readonly database: MemoryDatabase) {}

  get skipped(): number {
    return this.#skipped;
  }

  write(record: StepRecord): void {
    if (this.#buffer.length >= MAX_BUFFERED) this.#skipped++;
    else this.#buffer.push(record);
  }

  async of(
    run: string,
    limits: { readonly records: number; readonly bytes: number },
  ): Promise<{ readonly records: readonly StepRecord[]; readonly isCut: boolean }> {
    await this.flush();
    const found = this.database.records
      .map(({ record }) => record)
      .filter((record) => record.run === run)
      .sort((a, b) => a.at.getTime() - b.at.getTime());
    let bytes = 0;
    const records = found.slice(0, limits.records).filter((record, n) => (bytes += bytesIn(record)) <= limits.bytes || n === 0);
    return { records, isCut: records.length < found.length };
  }

  async trim({ keptMs, maxBytes }: { readonly keptMs: number; readonly maxBytes: number }): Promise<TrimmedRecords> {
    await this.flush();
    return this.database.use(() => {
      const expired = this.#removeUnless(({ written }) => written > this.database.now() - keptMs);
      if (youngest(this.database.records, maxBytes).size === this.database.records.length) return { expired, displaced: 0 };
      const kept = youngest(this.database.records, Math.floor(maxBytes * KEPT_PART));
      return { expired, displaced: this.#removeUnless((row) => kept.has(row)) };
    });
  }

  async flush(): Promise<void> {
    await this.database.use(() => {
      for (const record of this.#buffer) {
        this.database.records = this.database.records.filter((row) => keyOf(row.record) !== keyOf(record));
        this.database.records.push({ record, written: this.database.now() });
      }
      this.#buffer = [];
    });
  }

  #removeUnless(isKept: (row: RecordRow) => boolean): number {
    const before = this.database.records.length;
    this.database.records = this.database.records.filter(isKept);
    return before - this.database.records.length;
  }
}

/** Returns the youngest records that fit together, each value counted once. */
function youngest(rows: readonly RecordRow[], maxBytes: number): ReadonlySet<RecordRow> {
  const kept = new Set<RecordRow>();
  const values = new Set<string>();
  let bytes = 0;
  for (const row of rows.toReversed()) {
    const fresh = [row.record.input, row.record.output].filter((value) => value !== undefined && !values.has(value));
    bytes += RECORD_BYTES + fresh.reduce((sum, value = '') => sum + Buffer.byteLength(value), 0);
    if (bytes > maxBytes) return kept;
    for (const value of fresh) if (value !== undefined) values.add(value);
    kept.add(row);
  }
  return kept;
}

function bytesIn({ input = '', output = '' }: StepRecord): number {
  return Buffer.byteLength(input) + Buffer.byteLength(output);
}

function keyOf({ run, epoch, kind, step, attempt }: StepRecord): string {
  return JSON.stringify([run, epoch, kind, step, attempt]);
}
