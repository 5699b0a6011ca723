import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the time from which on the queues of a flow have received the events of a revision. */
export class AddBoundRevisions1796510000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sluice.flow_revision add column bound_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sluice.flow_revision drop column bound_at');
  }
}
