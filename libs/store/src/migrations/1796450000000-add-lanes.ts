import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Adds the lanes of keyed flows and the function that writes them. All changes of a batch are one call: a host that is frozen between two
 * statements of a transaction would keep the lease of its flow locked, and no other host could take it.
 *
 * The statements of a function see what was committed before each of them began. The first one locks the row of the lease, so every later
 * one sees all writes of an earlier owner.
 */
export class AddLanes1796450000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table sluice.lane (
        flow text not null,
        key text not null,
        run text not null,
        epoch integer not null,
        primary key (flow, key)
      ) with (fillfactor = 70)`, // a lane passes from run to run: room for the new version on the same page
    );
    await runner.query('create index lane_run on sluice.lane (run)');
    await runner.query(
      `create table sluice.lane_held (
        n bigint generated always as identity primary key,
        flow text not null,
        key text not null,
        run text not null,
        epoch integer not null,
        begun integer not null default 0,
        message bytea not null,
        unique (flow, run, epoch)
      ) with (fillfactor = 70)`, // each row is updated when its turn comes
    );
    await runner.query('alter table sluice.lane_held alter column message set storage external');
    await runner.query('create index lane_held_next on sluice.lane_held (flow, key, n)');
    await runner.query(
      `create table sluice.lane_owner (
        flow text primary key,
        generation integer not null
      )`,
    );
    await runner.query(WRITE_LANES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function sluice.write_lanes');
    await runner.query('drop table sluice.lane_owner');
    await runner.query('drop table sluice.lane_held');
    await runner.query('drop table sluice.lane');
  }
}

/**
 * Returns no row when another host owns the lanes. Otherwise the row 0, and for each turn with an event to begin a row with the number of
 * the turn, from 1.
 */
const WRITE_LANES = `
create function sluice.write_lanes(
  of_flow text, of_epoch integer, of_generation integer,
  taken_keys text[], taken_runs text[], taken_epochs integer[],
  moved_keys text[], moved_runs text[], moved_epochs integer[], new_runs text[], new_epochs integer[],
  held_keys text[], held_runs text[], held_epochs integer[], bytes bytea, starts integer[], sizes integer[],
  away_runs text[], away_epochs integer[],
  turn_keys text[], turn_runs text[], turn_epochs integer[], turn_ended boolean[]
) returns table (turn integer, key text, run text, epoch integer, begun integer, message bytea)
language plpgsql as $$
#variable_conflict use_column
begin
  perform from sluice.lease where name = 'flow.' || of_flow and epoch = of_epoch for share;
  if not found then return; end if;
  perform from sluice.lane_owner where flow = of_flow and generation = of_generation for share;
  if not found then return; end if;

  insert into sluice.lane (flow, key, run, epoch)
  select of_flow, new.key, new.run, new.epoch
  from unnest(taken_keys, taken_runs, taken_epochs) as new (key, run, epoch)
  on conflict do nothing;

  update sluice.lane set run = moved.new_run, epoch = moved.new_epoch
  from unnest(moved_keys, moved_runs, moved_epochs, new_runs, new_epochs) as moved (key, run, epoch, new_run, new_epoch)
  where lane.flow = of_flow and lane.key = moved.key and lane.run = moved.run and lane.epoch = moved.epoch;

  insert into sluice.lane_held (flow, key, run, epoch, message)
  select of_flow, new.key, new.run, new.epoch, substring(bytes from new.start + 1 for new.size)
  from unnest(held_keys, held_runs, held_epochs, starts, sizes) with ordinality as new (key, run, epoch, start, size, n)
  order by new.n
  on conflict do nothing;

  delete from sluice.lane_held as held using unnest(away_runs, away_epochs) as gone (run, epoch)
  where held.flow = of_flow and held.run = gone.run and held.epoch = gone.epoch;

  if cardinality(turn_keys) > 0 then
    delete from sluice.lane_held as held using unnest(turn_runs, turn_epochs, turn_ended) as gone (run, epoch, ended)
    where gone.ended and held.flow = of_flow and held.run = gone.run and held.epoch = gone.epoch;

    delete from sluice.lane using unnest(turn_keys, turn_runs, turn_epochs, turn_ended) as gone (key, run, epoch, ended)
    where gone.ended and lane.flow = of_flow and lane.key = gone.key and lane.run = gone.run and lane.epoch = gone.epoch;

    insert into sluice.lane (flow, key, run, epoch)
    select of_flow, gone.key, next.run, next.epoch
    from unnest(turn_keys, turn_ended) as gone (key, ended)
    cross join lateral (
      select held.run, held.epoch from sluice.lane_held as held
      where held.flow = of_flow and held.key = gone.key order by held.n limit 1
    ) as next
    where gone.ended
    on conflict do nothing;

    return query
    update sluice.lane_held as held set begun = held.begun + 1
    from unnest(turn_keys) with ordinality as turns (key, n), sluice.lane as lane
    where lane.flow = of_flow and lane.key = turns.key
      and held.flow = of_flow and held.run = lane.run and held.epoch = lane.epoch
    returning turns.n::integer, held.key, held.run, held.epoch, held.begun, held.message;
  end if;

  return query select 0, null::text, null::text, null::integer, null::integer, null::bytea;
end $$`;
