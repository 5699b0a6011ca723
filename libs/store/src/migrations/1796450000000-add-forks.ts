import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the rows of loops that are too large to travel in messages. */
export class AddForks1796450000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table sluice.fork (
        id bigint generated always as identity primary key,
        run text not null,
        path text not null,
        epoch integer not null,
        total integer not null,
        ended_at timestamptz not null default clock_timestamp(),
        closed_at timestamptz,
        unique (run, path, epoch)
      ) with (fillfactor = 80)`, // updated once a day and when it is closed: room for the new version on the same page
    );
    await runner.query('create index fork_open on sluice.fork (ended_at) where closed_at is null');
    await runner.query('create index fork_closed on sluice.fork (closed_at) where closed_at is not null');
    // blocks of items: a row for each of 100,000 items would cost more than the items
    await runner.query(
      `create table sluice.fork_item (
        fork bigint not null references sluice.fork on delete cascade,
        first integer not null,
        items bytea not null,
        primary key (fork, first)
      )`,
    );
    await runner.query(
      `create table sluice.fork_end (
        fork bigint not null references sluice.fork on delete cascade,
        index integer not null,
        epoch integer not null,
        ok boolean not null,
        value bytea not null,
        primary key (fork, index, epoch)
      )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sluice.fork_end');
    await runner.query('drop table sluice.fork_item');
    await runner.query('drop table sluice.fork');
  }
}
