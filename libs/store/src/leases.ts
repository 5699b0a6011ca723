import type { LeaseRow, LeaseStore } from '@sluice/engine';
import type { Database } from './database.js';

/**
 * Rows of `lease`. A released lease keeps its row, so that its epoch never decreases. The statements use `clock_timestamp()` instead of
 * `now()`, because a statement that waited for a row lock must not decide by the time at which it began.
 */
export class PostgresLeases implements LeaseStore {
  constructor(private readonly database: Database) {}

  async take(name: string, holder: string, ttlMs: number, info?: unknown): Promise<number | undefined> {
    const [row] = await this.database.rows<{ epoch: number }>(
      `insert into sluice.lease as held (name, holder, epoch, until, info)
       values ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond', $4)
       on conflict (name) do update
         set holder = excluded.holder,
             epoch = held.epoch + (held.holder <> excluded.holder)::integer,
             until = clock_timestamp() + $3 * interval '1 millisecond',
             info = excluded.info
         where held.holder = excluded.holder or held.until <= clock_timestamp()
       returning epoch`,
      [name, holder, ttlMs, info === undefined ? null : JSON.stringify(info)],
    );
    return row?.epoch;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.database.change(`update sluice.lease set until = clock_timestamp() where name = $1 and holder = $2`, [
      name,
      holder,
    ]);
  }

  async list(): Promise<readonly LeaseRow[]> {
    const rows = await this.database.rows<LeaseRow & { info: unknown }>(
      `select name, holder, epoch, until, until > clock_timestamp() as live, info from sluice.lease order by name`,
    );
    return rows.map(({ info, ...row }) => (info === null ? row : { ...row, info }));
  }
}
