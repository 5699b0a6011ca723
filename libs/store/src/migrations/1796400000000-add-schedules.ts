import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the schedules of flows. */
export class AddSchedules1796400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table sluice.schedule (
        flow text primary key,
        cron text not null,
        timezone text not null,
        planned timestamptz not null,
        fired timestamptz
      ) with (fillfactor = 50)`, // each firing updates its row: room for the new versions on the same page
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sluice.schedule');
  }
}
