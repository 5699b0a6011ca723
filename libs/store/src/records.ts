import { createHash } from 'node:crypto';
import { RECORD_BYTES, type RecordKind, type RecordStore, type StepRecord, type TrimmedRecords } from '@sluice/engine';
import type { Clock, Log } from '@sluice/plugin-api';
import type { EntityManager } from 'typeorm';
import { In } from 'typeorm';
import { BufferedLog } from './buffered-log.js';
import type { Database } from './database.js';
import { RecordedValueEntity } from './entities/recorded-value.entity.js';
import { fromColumn, toColumn } from './text.js';

const LIMITS = {
  capacity: 50_000,
  capacityBytes: 32 * 1024 ** 2,
  batch: 1_000,
  batchBytes: 4 * 1024 ** 2,
  delayMs: 200,
  retryMs: 1_000,
};
/** Id of an advisory lock, under which one host at a time deletes records; no other code uses this number. */
const LOCK = 7_318_403;
/** The time of a value is at most this much older than the record that used it last, in milliseconds. */
const USED_MS = 1_000;
/** Part of the limit that remains after records were displaced, so that the next records displace nothing for a while. */
const KEPT_PART = 0.9;

/** Columns in the order of the parameters, with their types. */
const COLUMNS = {
  run: 'text',
  epoch: 'integer',
  kind: 'text',
  step: 'text',
  attempt: 'integer',
  at: 'timestamptz',
  flow: 'text',
  revision: 'text',
  uses: 'text',
  connection: 'text',
  ms: 'double precision',
  input: 'bytea',
  output: 'bytea',
  omitted: 'text',
} as const;

type Row = Record<'run' | 'kind' | 'step' | 'flow' | 'revision', string> &
  Record<'uses' | 'connection', string | null> &
  Record<'epoch' | 'attempt', number> &
  Record<'input' | 'output', Buffer | null> & { at: Date; ms: number | null };

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const READ = NAMES.join(', ');
const KEY = ['run', 'epoch', 'kind', 'step', 'attempt'];
const ARRAYS = Object.values(COLUMNS).map((type, n) => `$${n + 1}::${type}[]`);
const INSERT_RECORDS = `insert into sluice.step_record (${READ}, written)
  select ${NAMES.map((name) => (name === 'omitted' ? "string_to_array(omitted, ',')" : name)).join(', ')}, clock_timestamp()
  from unnest(${ARRAYS.join(', ')}) as rows (${READ})
  on conflict (${KEY.join(', ')}) do update
    set ${[...NAMES.filter((name) => !KEY.includes(name)), 'written'].map((name) => `${name} = excluded.${name}`).join(', ')}`;
/** A value that is in use keeps its row, and its row the time of the use. Sorted, because two hosts could deadlock otherwise. */
const INSERT_VALUES = `insert into sluice.recorded_value as known (hash, value, bytes, at)
  select hash, value, octet_length(value), clock_timestamp() from unnest($1::bytea[], $2::text[]) as rows (hash, value) order by hash
  on conflict (hash) do update set at = excluded.at where known.at < excluded.at - interval '${USED_MS} milliseconds'`;
/** The time of the newest row that does not fit any more, when the youngest rows together have at most $1 bytes. */
const CUTOFF = `select at::text as at from (
    select at, sum(bytes) over (order by at desc rows unbounded preceding) as total from (
      select at, bytes from sluice.recorded_value union all select written, ${RECORD_BYTES} from sluice.step_record
    ) as item
  ) as summed where total > $1 order by at desc limit 1`;

/** A time as PostgreSQL writes it, with the microseconds that a Date does not have. */
interface Cutoff {
  readonly at: string;
}

/** The tables `step_record` and `recorded_value`. Values are kept by their hash, equal ones once. */
export class PostgresRecords implements RecordStore {
  readonly #buffered: BufferedLog<StepRecord>;

  constructor(
    private readonly database: Database,
    log: Log,
    clock: Clock,
  ) {
    const sink = {
      append: (records: readonly StepRecord[]) => this.#insert(records),
      // records that were not stored are counted only
      appendGap: async () => undefined,
    };
    this.#buffered = new BufferedLog(sink, log, clock, { ...LIMITS, bytesOf });
  }

  get skipped(): number {
    return this.#buffered.skipped;
  }

  write(record: StepRecord): void {
    this.#buffered.write(record);
  }

  async of(
    run: string,
    limits: { readonly records: number; readonly bytes: number },
  ): Promise<{ readonly records: readonly StepRecord[]; readonly isCut: boolean }> {
    await this.flush();
    // the bytes of a page are known before its values are read
    const rows = await this.database.rows<Row & { omitted: ('input' | 'output')[] | null; bytes: string }>(
      `select ${NAMES.map((name) => `step_record.${name}`).join(', ')}, coalesce(received.bytes, 0) + coalesce(returned.bytes, 0) as bytes
       from sluice.step_record
       left join sluice.recorded_value as received on received.hash = input
       left join sluice.recorded_value as returned on returned.hash = output
       where run = $1 order by step_record.at, n limit $2`,
      [run, limits.records + 1],
    );
    let bytes = 0;
    const page = rows.slice(0, limits.records).filter((row, n) => (bytes += Number(row.bytes)) <= limits.bytes || n === 0);
    const hashes = new Map(
      page.flatMap(({ input, output }) => [input, output]).flatMap((hash) => (hash ? [[hash.toString('hex'), hash]] : [])),
    );
    const values = await this.database.repository(RecordedValueEntity, (repository) =>
      repository.findBy({ hash: In([...hashes.values()]) }),
    );
    const texts = new Map(values.map(({ hash, value }) => [hash.toString('hex'), value]));
    return { records: page.map((row) => recordOf(row, texts)), isCut: page.length < rows.length };
  }

  async trim({ keptMs, maxBytes }: { readonly keptMs: number; readonly maxBytes: number }): Promise<TrimmedRecords> {
    await this.flush();
    return this.database.transaction(async (manager) => {
      const [lock] = await manager.query<{ free: boolean }[]>('select pg_try_advisory_xact_lock($1) as free', [LOCK]);
      if (!lock?.free) return { expired: 0, displaced: 0 };
      const [age] = await manager.query<Cutoff[]>(`select (clock_timestamp() - $1 * interval '1 millisecond')::text as at`, [
        keptMs,
      ]);
      const expired = await deleteUntil(manager, age as Cutoff);
      const [over] = await manager.query<Cutoff[]>(CUTOFF, [maxBytes]);
      if (over === undefined) return { expired, displaced: 0 };
      const [cutoff] = await manager.query<Cutoff[]>(CUTOFF, [Math.floor(maxBytes * KEPT_PART)]);
      return { expired, displaced: await deleteUntil(manager, cutoff as Cutoff) };
    });
  }

  flush(): Promise<void> {
    return this.#buffered.flush();
  }

  close(): Promise<void> {
    return this.#buffered.close();
  }

  async #insert(records: readonly StepRecord[]): Promise<void> {
    // a statement may not change a row twice
    const newest = [...new Map(records.map((record) => [keyOf(record), record])).values()];
    const values = new Map<string, readonly [hash: Buffer, text: string]>();
    const hashed = (text: string | undefined): Buffer | null => {
      if (text === undefined) return null;
      const hash = createHash('sha256').update(text).digest();
      values.set(hash.toString('hex'), [hash, text]);
      return hash;
    };
    const rows = newest.map((record) => rowOf(record, hashed(record.input), hashed(record.output)));
    const stored = [...values.values()];
    if (stored.length > 0)
      await this.database.rows(INSERT_VALUES, [stored.map(([hash]) => hash), stored.map(([, text]) => text)]);
    await this.database.rows(
      INSERT_RECORDS,
      NAMES.map((name) => rows.map((row) => row[name])),
    );
  }
}

/** Deletes the records that were written until this time, and the values that no later record uses. */
async function deleteUntil(manager: EntityManager, { at }: Cutoff): Promise<number> {
  const [, count] = await manager.query<[unknown, number]>('delete from sluice.step_record where written <= $1::timestamptz', [
    at,
  ]);
  await manager.query(`delete from sluice.recorded_value where at <= $1::timestamptz - interval '${USED_MS} milliseconds'`, [at]);
  return count;
}

function bytesOf({ input = '', output = '' }: StepRecord): number {
  return input.length + output.length + RECORD_BYTES;
}

function keyOf({ run, epoch, kind, step, attempt }: StepRecord): string {
  return JSON.stringify([run, epoch, kind, step, attempt]);
}

function rowOf(record: StepRecord, input: Buffer | null, output: Buffer | null): Row & { omitted: string | null } {
  const { run, epoch, kind, step, attempt, at, flow, revision, use, connection, ms, omitted } = record;
  return {
    run,
    epoch,
    kind,
    step,
    attempt,
    at,
    flow,
    revision,
    uses: use ?? null,
    connection: connection === undefined ? null : toColumn(connection),
    ms: ms ?? null,
    input,
    output,
    omitted: omitted?.join(',') ?? null,
  };
}

function recordOf(row: Row & { omitted: ('input' | 'output')[] | null }, texts: ReadonlyMap<string, string>): StepRecord {
  const { run, epoch, kind, step, attempt, at, flow, revision, uses, connection, ms } = row;
  const input = row.input ? texts.get(row.input.toString('hex')) : undefined;
  const output = row.output ? texts.get(row.output.toString('hex')) : undefined;
  // a value may have been deleted while the record that uses it again was written
  const lost = [
    ...(row.input && input === undefined ? ['input' as const] : []),
    ...(row.output && output === undefined ? ['output' as const] : []),
  ];
  const omitted = [...(row.omitted ?? []), ...lost];
  return {
    at,
    run,
    epoch,
    flow,
    revision,
    kind: kind as RecordKind,
    step,
    attempt,
    ...(uses !== null && { use: uses }),
    ...(connection !== null && { connection: fromColumn(connection) }),
    ...(ms !== null && { ms }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(omitted.length > 0 && { omitted }),
  };
}
