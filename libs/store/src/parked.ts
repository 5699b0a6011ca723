import type { ParkedRun, ParkedState, ParkedStore, ParkedSummary } from '@sluice/engine';
import type { Database } from './database.js';
import { ParkedRunEntity } from './entities/parked-run.entity.js';

/** Maximum number of runs that the sweeper holds in memory at once: a run can be as large as an event. */
const STUCK_AT_ONCE = 100;

const INSERT = `insert into sluice.parked_run (run, epoch, flow, revision, event, step, error, parked_at, message)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`;

/** Rows of `parked_run`, one for each time that a run was parked. */
export class PostgresParked implements ParkedStore {
  constructor(private readonly database: Database) {}

  async add(runs: readonly Omit<ParkedRun, 'state'>[]): Promise<void> {
    // row by row: a run can be as large as an event, and its bytes are sent without a conversion
    await this.database.transaction(async (manager) => {
      for (const { run, epoch, flow, revision, event, step, error, parkedAt, message } of runs) {
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
        ]);
      }
    });
  }

  async list(filter: {
    readonly flow?: string;
    readonly state?: ParkedState;
    readonly limit: number;
  }): Promise<readonly ParkedSummary[]> {
    const { limit, ...where } = filter;
    const rows = await this.database.repository(ParkedRunEntity, (parked) =>
      parked.find({ where, order: { parkedAt: 'DESC', run: 'ASC', epoch: 'DESC' }, take: limit }),
    );
    return rows.map(summaryOf);
  }

  async count(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.database.rows<{ flow: string; count: string }>(
      `select flow, count(*) from sluice.parked_run where state = 'parked' group by flow`,
    );
    return Object.fromEntries(rows.map(({ flow, count }) => [flow, Number(count)]));
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

  async replaying(run: string, epoch: number): Promise<boolean> {
    return this.#move(run, epoch, ['parked', 'replaying'], 'replaying');
  }

  async replayed(run: string, epoch: number): Promise<void> {
    await this.#move(run, epoch, ['parked', 'replaying'], 'replayed');
  }

  async drop(run: string, epoch: number): Promise<boolean> {
    return this.#move(run, epoch, ['parked'], 'dropped');
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

function runOf(row: ParkedRunEntity): ParkedRun {
  return { ...summaryOf(row), message: row.message };
}

function summaryOf({ step, message: _message, ...row }: ParkedRunEntity): ParkedSummary {
  return { ...row, ...(step !== null && { step }) };
}
