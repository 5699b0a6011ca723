import {
  accountOf,
  searchWordsOf,
  parkedBytes,
  type ParkedAccount,
  type ParkedFilter,
  type ParkedGroup,
  type ParkedPage,
  type ParkedRun,
  type ParkedState,
  type ParkedStore,
  type ParkedSummary,
  type Replay,
} from '@sluice/engine';
import type { Database } from './database.js';
import { ParkedRunEntity } from './entities/parked-run.entity.js';
import { SEARCH_WORDS_VECTOR, searchWordsColumn, tsqueryOf } from './note-search-sql.js';
import { fromColumn, toColumn } from './text.js';

/** Maximum number of runs that the sweeper holds in memory at once: a run can be as large as an event. */
const STUCK_AT_ONCE = 100;

/** Any number that nothing else in the database locks by. */
const ADD_LOCK = 7_318_405;

const INSERT = `insert into sluice.parked_run
  (run, epoch, flow, revision, event, step, error, parked_at, message, account, bytes, note, note_words)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, ${SEARCH_WORDS_VECTOR('$13::text')}) on conflict do nothing`;

/** Whether the parked run still has a lane of a keyed flow. */
export const HAS_LANE = `exists (
  select from sluice.lane where lane.run = parked_run.run and lane.epoch = parked_run.epoch and lane.flow = parked_run.flow
)`;

/** Rows of `parked_run`, one for each time that a run was parked. */
export class PostgresParked implements ParkedStore {
  constructor(private readonly database: Database) {}

  async add(runs: readonly Omit<ParkedRun, 'state'>[]): Promise<void> {
    const counted = runs.map((one) => ({ ...one, account: accountOf(one.event, one.flow), bytes: parkedBytes(one) }));
    // in the order in which other statements change accounts, or they could deadlock
    counted.sort((a, b) => (a.account < b.account ? -1 : a.account > b.account ? 1 : 0));
    // row by row: a run can be as large as an event, and its bytes are sent without a conversion
    await this.database.transaction(async (manager) => {
      // two hosts that were handed the same messages, and insert them in another order, would deadlock
      await manager.query('select pg_advisory_xact_lock($1)', [ADD_LOCK]);
      for (const { run, epoch, flow, revision, event, step, error, parkedAt, message, account, bytes, note } of counted) {
        await manager.query(INSERT, [
          run,
          epoch,
          flow,
          revision,
          JSON.stringify(event),
          step,
          JSON.stringify(error),
          parkedAt,
          message,
          account,
          bytes,
          note === undefined ? null : toColumn(note),
          note === undefined ? null : searchWordsColumn(searchWordsOf(note)),
        ]);
      }
    });
  }

  async list({ limit, ...where }: ParkedPage): Promise<readonly ParkedSummary[]> {
    const order = where.oldestFirst ? 'ASC' : 'DESC';
    const rows = await this.database.repository(ParkedRunEntity, (parked) =>
      conditionsOf(where)
        .reduce((query, { sql, params }) => query.andWhere(sql, params), parked.createQueryBuilder('parked'))
        .orderBy({ 'parked.parkedAt': order, 'parked.run': order, 'parked.epoch': order })
        .limit(limit)
        .getMany(),
    );
    return rows.map(summaryOf);
  }

  async size({ limit, ...where }: ParkedPage): Promise<number> {
    return this.database.repository(ParkedRunEntity, async (parked) => {
      const rows = await conditionsOf(where)
        .reduce((query, { sql, params }) => query.andWhere(sql, params), parked.createQueryBuilder('parked'))
        .select('1', 'one')
        .limit(limit)
        .getRawMany();
      return rows.length;
    });
  }

  async groups(filter: ParkedFilter): Promise<readonly ParkedGroup[]> {
    return this.database.repository(ParkedRunEntity, async (parked) => {
      const rows = await conditionsOf(filter)
        .reduce((query, { sql, params }) => query.andWhere(sql, params), parked.createQueryBuilder('parked'))
        .select('parked.flow', 'flow')
        .addSelect(CODE, 'code')
        .addSelect('count(*)', 'runs')
        .addSelect('max(parked.parkedAt)', 'newest')
        .groupBy('parked.flow')
        .addGroupBy('2')
        .orderBy('3', 'DESC')
        .addOrderBy('1')
        .addOrderBy('2')
        .getRawMany<{ flow: string; code: string; runs: string; newest: Date }>();
      return rows.map(({ runs, ...group }) => ({ ...group, runs: Number(runs) }));
    });
  }

  async count(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.database.rows<{ flow: string; count: string }>(
      `select flow, count(*) from sluice.parked_run where state = 'parked' group by flow`,
    );
    return Object.fromEntries(rows.map(({ flow, count }) => [flow, Number(count)]));
  }

  async accounts(): Promise<readonly ParkedAccount[]> {
    const rows = await this.database.rows<{ account: string; runs: string; bytes: string }>(
      'select account, runs, bytes from sluice.parked_account order by account',
    );
    return rows.map(({ account, runs, bytes }) => ({ account, runs: Number(runs), bytes: Number(bytes) }));
  }

  async get(run: string): Promise<ParkedRun | undefined> {
    const row = await this.database.repository(ParkedRunEntity, (parked) =>
      parked
        .createQueryBuilder('parked')
        .addSelect('parked.message')
        .where({ run })
        .orderBy('parked.epoch', 'DESC')
        .limit(1)
        .getOne(),
    );
    return row ? runOf(row) : undefined;
  }

  async replaying(run: string, epoch: number, { fromStart }: Pick<Replay, 'fromStart'>): Promise<Replay | undefined> {
    const [replay] = await this.database.rows<Replay>(
      `with replay as (
         update sluice.parked_run set state = 'replaying', state_at = clock_timestamp(),
           replay_epoch = coalesce(replay_epoch, nextval('sluice.replay_epoch')),
           replay_from_start = case when replay_epoch is null then $3 else replay_from_start end
         where run = $1 and epoch = $2 and state in ('parked', 'replaying')
         returning replay_epoch, replay_from_start
       )
       select replay_epoch as epoch, replay_from_start as "fromStart" from replay`,
      [run, epoch, fromStart],
    );
    return replay;
  }

  async replayed(run: string, epoch: number): Promise<void> {
    await this.#move(run, epoch, ['parked', 'replaying'], 'replayed');
  }

  async drop(run: string, epoch: number): Promise<boolean> {
    return this.#move(run, epoch, ['parked'], 'dropped');
  }

  async holding(olderThanMs: number): Promise<readonly ParkedRun[]> {
    const rows = await this.database.repository(ParkedRunEntity, (parked) =>
      parked
        .createQueryBuilder('parked_run')
        .addSelect('parked_run.message')
        .where(`parked_run.state = 'parked' and parked_at < clock_timestamp() - :ms * interval '1 millisecond'`, {
          ms: olderThanMs,
        })
        .andWhere(HAS_LANE)
        .orderBy('parked_run.parkedAt')
        .limit(STUCK_AT_ONCE)
        .getMany(),
    );
    return rows.map(runOf);
  }

  async stuck(olderThanMs: number): Promise<readonly ParkedRun[]> {
    const rows = await this.database.repository(ParkedRunEntity, (parked) =>
      parked
        .createQueryBuilder('parked')
        .addSelect('parked.message')
        .where(`parked.state = 'replaying' and state_at < clock_timestamp() - :ms * interval '1 millisecond'`, {
          ms: olderThanMs,
        })
        .orderBy('parked.parkedAt')
        .limit(STUCK_AT_ONCE)
        .getMany(),
    );
    return rows.map(runOf);
  }

  async #move(run: string, epoch: number, from: readonly ParkedState[], to: ParkedState): Promise<boolean> {
    const changed = await this.database.change(
      `update sluice.parked_run set state = $4, state_at = clock_timestamp() where run = $1 and epoch = $2 and state = any($3)`,
      [run, epoch, from, to],
    );
    return changed > 0;
  }
}

interface Condition {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * The code of the error, read from the text, because PostgreSQL does not parse JSON that contains NUL. `code` is the first field of every error, and a
 * code has no character that JSON escapes.
 */
const CODE = `coalesce(substring(parked.error::text from '^\\{"code":"([^"]*)"'), '')`;

/** Returns the conditions of the rows of a list. */
function conditionsOf({
  flow,
  state,
  runPrefix,
  note,
  code,
  step,
  since,
  until,
  after,
  oldestFirst = false,
}: ParkedFilter & Pick<ParkedPage, 'after' | 'oldestFirst'>): readonly Condition[] {
  const beyond = oldestFirst ? '>' : '<';
  return [
    ...(flow === undefined ? [] : [{ sql: 'parked.flow = :flow', params: { flow } }]),
    ...(state === undefined ? [] : [{ sql: 'parked.state = :state', params: { state } }]),
    ...(runPrefix === undefined ? [] : [{ sql: 'starts_with(parked.run, :runPrefix)', params: { runPrefix } }]),
    ...(note === undefined ? [] : [{ sql: 'parked.note_words @@ :searched::tsquery', params: { searched: tsqueryOf(note) } }]),
    ...(code === undefined ? [] : [{ sql: `${CODE} = :code`, params: { code } }]),
    ...(step === undefined ? [] : [{ sql: `(parked.step = :step or starts_with(parked.step, :step || '/'))`, params: { step } }]),
    ...(since === undefined ? [] : [{ sql: 'parked.parkedAt >= :since', params: { since } }]),
    ...(until === undefined ? [] : [{ sql: 'parked.parkedAt <= :until', params: { until } }]),
    ...(after === undefined
      ? []
      : [{ sql: `(parked.parkedAt, parked.run, parked.epoch) ${beyond} (:parkedAt, :run, :epoch)`, params: { ...after } }]),
  ];
}

function runOf(row: ParkedRunEntity): ParkedRun {
  return { ...summaryOf(row), message: row.message };
}

function summaryOf({ step, note, message: _message, ...row }: ParkedRunEntity): ParkedSummary {
  return { ...row, ...(step !== null && { step }), ...(note !== null && { note: fromColumn(note) }) };
}
