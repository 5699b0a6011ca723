import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `create table sluice.lease (
    name text primary key,
    holder text not null,
    epoch integer not null,
    until timestamptz not null,
    info jsonb
  ) with (fillfactor = 50)`, // renewed every 1.5 s: room for the new version on the same page avoids changes of the index
  `create table sluice.parked_run (
    run text not null,
    epoch integer not null,
    flow text not null,
    revision text not null,
    event json not null,
    step text,
    error json not null,
    parked_at timestamptz not null,
    state text not null default 'parked' check (state in ('parked', 'replaying', 'replayed', 'dropped')),
    state_at timestamptz not null default clock_timestamp(),
    message bytea not null,
    primary key (run, epoch)
  )`,
  `create index parked_run_listed on sluice.parked_run (state, parked_at desc)`,
  `create table sluice.claim (
    id bytea primary key,
    run text not null,
    until timestamptz not null
  )`,
  `create index claim_until on sluice.claim (until)`,
  `create table sluice.step_end (
    run text not null,
    step text not null,
    epoch integer not null,
    ended_by text not null,
    at timestamptz not null default clock_timestamp(),
    primary key (run, step, epoch)
  )`,
  `create index step_end_at on sluice.step_end (at)`,
  `create table sluice.suspect_run (
    run text primary key,
    times integer not null,
    at timestamptz not null
  )`,
  `create table sluice.secret (
    name text primary key,
    value text not null
  )`,
  `create table sluice.seen_flow (
    flow text primary key,
    last_seen timestamptz not null
  )`,
  `create sequence sluice.journal_n`,
  // one partition per day, created with its first entry: dropping an old day costs nothing, while a DELETE of millions of rows would cost
  // as
  // much as writing them
  `create table sluice.journal (
    at timestamptz not null,
    n bigint not null default nextval('sluice.journal_n'),
    flow text not null,
    run text not null,
    event_id text not null,
    event_source text not null,
    event_type text not null,
    causation_id text,
    kind text not null,
    step text,
    connection text,
    attempt integer,
    code text,
    message text,
    ms double precision
  ) partition by range (at)`,
  `create index journal_run on sluice.journal (run)`,
  `create index journal_event on sluice.journal (event_id)`,
  `create index journal_causation on sluice.journal (causation_id) where causation_id is not null`,
];

const TABLES = ['journal', 'seen_flow', 'secret', 'suspect_run', 'step_end', 'claim', 'parked_run', 'lease'];

export class CreateStore1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of UP) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`drop table sluice.${table}`);
    await runner.query('drop sequence sluice.journal_n');
  }
}
