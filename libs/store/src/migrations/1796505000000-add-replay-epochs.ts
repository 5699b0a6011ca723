import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Adds the sequence of the epochs of replays, and keeps the replay of a parked run in its row. The sequence begins above the epochs of all
 * rows and of the runs that are replayed now: earlier releases gave them the epoch of their row plus one.
 */
export class AddReplayEpochs1796505000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create sequence sluice.replay_epoch as integer');
    await runner.query(`select setval('sluice.replay_epoch', (select coalesce(max(epoch), 0) + 1 from sluice.parked_run))`);
    await runner.query(
      `alter table sluice.parked_run add column replay_epoch integer, add column replay_from_start boolean not null default false`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table sluice.parked_run drop column replay_epoch, drop column replay_from_start');
    await runner.query('drop sequence sluice.replay_epoch');
  }
}
