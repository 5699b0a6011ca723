import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the audit log, and indexes for lists of parked runs that are read page by page. */
export class AddAudit1796200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table sluice.audit (
        n bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        issuer text not null,
        sub text not null,
        route text not null,
        target text not null,
        outcome text not null default 'started'
      ) with (fillfactor = 80)`, // each row is updated once: room for the new version on the same page
    );
    await runner.query('create index audit_at on sluice.audit (at)');
    await runner.query('drop index sluice.parked_run_listed');
    await runner.query('create index parked_run_by_state on sluice.parked_run (state, parked_at, run, epoch)');
    await runner.query('create index parked_run_by_time on sluice.parked_run (parked_at, run, epoch)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index sluice.parked_run_by_time');
    await runner.query('drop index sluice.parked_run_by_state');
    await runner.query('create index parked_run_listed on sluice.parked_run (state, parked_at desc)');
    await runner.query('drop table sluice.audit');
  }
}
