import { MAX_PLANNED_AHEAD_MS, type ScheduleRow, type ScheduleSpec, type ScheduleStore } from '@sluice/engine';
import type { Database } from './database.js';
import { ScheduleEntity } from './entities/schedule.entity.js';

/** Rows of `schedule`. */
export class PostgresSchedules implements ScheduleStore {
  constructor(private readonly database: Database) {}

  async begin({ flow, cron, timezone }: ScheduleSpec, from: Date): Promise<ScheduleRow> {
    await this.database.rows(
      `insert into sluice.schedule as known (flow, cron, timezone, planned) values ($1, $2, $3, $4)
       on conflict (flow) do update set cron = excluded.cron, timezone = excluded.timezone, planned = excluded.planned
         where (known.cron, known.timezone) <> (excluded.cron, excluded.timezone)
           or known.planned > excluded.planned + $5 * interval '1 millisecond'`,
      [flow, cron, timezone, from, MAX_PLANNED_AHEAD_MS],
    );
    return this.database.repository(ScheduleEntity, async (schedules) => rowOf(await schedules.findOneByOrFail({ flow })));
  }

  async get(flow: string): Promise<ScheduleRow | undefined> {
    const row = await this.database.repository(ScheduleEntity, (schedules) => schedules.findOneBy({ flow }));
    return row ? rowOf(row) : undefined;
  }

  async advance(flow: string, instant: Date, fired: boolean): Promise<void> {
    // `greatest` ignores null
    await this.database.change(
      `update sluice.schedule
       set planned = greatest(planned, $2::timestamptz), fired = case when $3 then greatest(fired, $2::timestamptz) else fired end
       where flow = $1`,
      [flow, instant, fired],
    );
  }

  async list(): Promise<readonly ScheduleRow[]> {
    const rows = await this.database.repository(ScheduleEntity, (schedules) => schedules.find({ order: { flow: 'ASC' } }));
    return rows.map(rowOf);
  }
}

function rowOf({ flow, cron, timezone, planned, fired }: ScheduleEntity): ScheduleRow {
  return { flow, cron, timezone, planned, ...(fired !== null && { fired }) };
}
