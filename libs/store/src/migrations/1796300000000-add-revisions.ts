import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Adds the revisions of flows and the hosts that run them. */
export class AddRevisions1796300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create sequence sluice.flow_generation as integer');
    await runner.query(
      `create table sluice.flow_revision (
        flow text not null,
        revision text not null,
        source text not null,
        constants text not null,
        generation integer not null unique,
        first_seen timestamptz not null,
        last_seen timestamptz not null,
        primary key (flow, revision)
      )`,
    );
    await runner.query('create index flow_revision_newest on sluice.flow_revision (flow, generation)');
    await runner.query(
      `create table sluice.host (
        id text primary key,
        version text not null,
        consumes text[] not null,
        flows jsonb not null,
        heartbeat timestamptz not null
      ) with (fillfactor = 50)`, // each heartbeat updates its row: room for the new versions on the same page
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sluice.host');
    await runner.query('drop table sluice.flow_revision');
    await runner.query('drop sequence sluice.flow_generation');
  }
}
