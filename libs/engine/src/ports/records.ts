/** Maximum bytes of one recorded value. A larger one is left out, and its record has its place in `omitted`. */
export const MAX_RECORDED_BYTES = 4 * 1024 ** 2;
/** Bytes that a record counts beside its values, for the limit of all records. */
export const RECORD_BYTES = 256;

/**
 * `event`: the event that began the run, or its replay. `call`: one attempt of a call, without its output. `output`: the output of a step.
 * `failure`: the error of a call that has no further attempt. `emit` and `reply`: the event or the reply that a step has sent. `end`: how the run ended.
 */
export type RecordKind = 'event' | 'call' | 'output' | 'failure' | 'emit' | 'reply' | 'end';

/** A part of a run of a flow with `journal: full`. Values are JSON and contain no secrets. */
export interface StepRecord {
  readonly at: Date;
  readonly run: string;
  readonly epoch: number;
  readonly flow: string;
  readonly revision: string;
  readonly kind: RecordKind;
  /** Path of the step; empty for `event` and `end`. */
  readonly step: string;
  /** Number of the attempt of a call, from 1; otherwise 0. */
  readonly attempt: number;
  /** Plugin and action of a call, such as `onec-http.call`; for a `call` step `flow.<name>`. */
  readonly use?: string;
  readonly connection?: string;
  /** Duration of a call or of the run in milliseconds. */
  readonly ms?: number;
  /** The input of a call, the event of the run, or the event or reply that the step sent. */
  readonly input?: string;
  /** The output of the step, or its error. */
  readonly output?: string;
  /** Values that are not recorded, because they are too large or cannot be written as JSON. */
  readonly omitted?: readonly ('input' | 'output')[];
}

/** The counts of records that {@link RecordStore.trim} has deleted. */
export interface TrimmedRecords {
  /** Records that were older than their retention. */
  readonly expired: number;
  /** Younger records, deleted because all records together were too large. */
  readonly displaced: number;
}

/** Inputs and outputs of the steps of runs. Equal values are stored once. Like the journal it is a log, and not the record of the runs. */
export interface RecordStore {
  /**
   * Buffers a record. Never waits, never throws. When the buffer is full, the record is counted. A record with the run, epoch, kind, step
   * and attempt of an earlier one replaces it.
   */
  write(record: StepRecord): void;
  /**
   * Returns the records of a run, oldest first.
   *
   * @param limits `records`: maximum number of records, at least 1; `bytes`: bytes of values after which no further record is returned
   * @returns `isCut` is true when the run has more records
   */
  of(
    run: string,
    limits: { readonly records: number; readonly bytes: number },
  ): Promise<{ readonly records: readonly StepRecord[]; readonly isCut: boolean }>;
  /**
   * Deletes records that are older than `keptMs` milliseconds, and then the oldest ones until the others have at most `maxBytes` bytes
   * (with a tenth of them free). The values of a record count once, wherever they are used, and each record {@link RECORD_BYTES} more.
   */
  trim(limits: { readonly keptMs: number; readonly maxBytes: number }): Promise<TrimmedRecords>;
  /** Number of records that were not stored. */
  readonly skipped: number;
  /** Writes the buffered records. */
  flush(): Promise<void>;
}
