import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the inputs and outputs of steps. */
export class AddRecords1796500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table sluice.recorded_value (
        hash bytea primary key,
        value text not null,
        bytes integer not null,
        at timestamptz not null
      )`,
    );
    await runner.query('create index recorded_value_at on sluice.recorded_value (at)');
    await runner.query(
      `create table sluice.step_record (
        n bigint generated always as identity,
        run text not null,
        epoch integer not null,
        kind text not null,
        step text not null,
        attempt integer not null,
        at timestamptz not null,
        written timestamptz not null,
        flow text not null,
        revision text not null,
        uses text,
        connection text,
        ms double precision,
        input bytea,
        output bytea,
        omitted text[],
        primary key (run, epoch, kind, step, attempt)
      )`,
    );
    await runner.query('create index step_record_written on sluice.step_record (written)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sluice.step_record');
    await runner.query('drop table sluice.recorded_value');
  }
}
