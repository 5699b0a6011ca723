import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Adds the function that hands out several held events of a lane in one turn. It differs from the earlier function by two parameters; hosts
 * of the earlier release call that one until they are replaced.
 */
export class AddBatchedTurns1796520000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(WRITE_LANES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function sluice.write_lanes(
      text, integer, integer, text[], text[], integer[], text[], text[], integer[], text[], integer[],
      text[], text[], integer[], bytea, integer[], integer[], text[], integer[], text[], text[], integer[], boolean[], integer[], integer)`);
  }
}

/**
 * Returns no row when another host owns the lanes. Otherwise the row 0, and for each event to begin a row with the number of its turn, from
 * 1, and its place in the turn. The reasons for one call, and for its order of statements, are those of the earlier function.
 */
const WRITE_LANES = `
create function sluice.write_lanes(
  of_flow text, of_epoch integer, of_generation integer,
  taken_keys text[], taken_runs text[], taken_epochs integer[],
  moved_keys text[], moved_runs text[], moved_epochs integer[], new_runs text[], new_epochs integer[],
  held_keys text[], held_runs text[], held_epochs integer[], bytes bytea, starts integer[], sizes integer[],
  away_runs text[], away_epochs integer[],
  turn_keys text[], turn_runs text[], turn_epochs integer[], turn_ended boolean[], turn_starts integer[], max_bytes integer
) returns table (turn integer, place integer, key text, run text, epoch integer, begun integer, message bytea)
language plpgsql as $$
#variable_conflict use_column
begin
  perform from sluice.lease where name = 'flow.' || of_flow and epoch = of_epoch for share;
  if not found then return; end if;
  perform from sluice.lane_owner where flow = of_flow and generation = of_generation for share;
  if not found then return; end if;

  if cardinality(taken_keys) > 0 then
    insert into sluice.lane (flow, key, run, epoch)
    select of_flow, new.key, new.run, new.epoch
    from unnest(taken_keys, taken_runs, taken_epochs) as new (key, run, epoch)
    on conflict do nothing;
  end if;

  if cardinality(moved_keys) > 0 then
    update sluice.lane set run = moved.new_run, epoch = moved.new_epoch
    from unnest(moved_keys, moved_runs, moved_epochs, new_runs, new_epochs) as moved (key, run, epoch, new_run, new_epoch)
    where lane.flow = of_flow and lane.key = moved.key and lane.run = moved.run and lane.epoch = moved.epoch;
  end if;

  if cardinality(held_keys) > 0 then
    insert into sluice.lane_held (flow, key, run, epoch, message)
    select of_flow, new.key, new.run, new.epoch, substring(bytes from new.start + 1 for new.size)
    from unnest(held_keys, held_runs, held_epochs, starts, sizes) with ordinality as new (key, run, epoch, start, size, n)
    order by new.n
    on conflict do nothing;
  end if;

  if cardinality(away_runs) > 0 then
    delete from sluice.lane_held as held using unnest(away_runs, away_epochs) as gone (run, epoch)
    where held.flow = of_flow and held.run = gone.run and held.epoch = gone.epoch;
  end if;

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

    -- the first event is the one that has the lane; those behind it follow while they are few and small
    return query
    update sluice.lane_held as held set begun = held.begun + 1
    from unnest(turn_keys, turn_starts) with ordinality as turns (key, starts, n)
    join sluice.lane as lane on lane.flow = of_flow and lane.key = turns.key
    join sluice.lane_held as first on first.flow = of_flow and first.run = lane.run and first.epoch = lane.epoch
    cross join lateral (
      select few.n, row_number() over (order by few.n) as place, sum(length(few.message)) over (order by few.n) as bytes
      from (
        select next.n, next.message from sluice.lane_held as next
        where next.flow = of_flow and next.key = turns.key and next.n >= first.n
        order by next.n limit case when first.begun > 0 then least(turns.starts, 1) else turns.starts end
      ) as few
    ) as handed
    where held.n = handed.n and (handed.place = 1 or handed.bytes <= max_bytes)
    returning turns.n::integer, handed.place::integer, held.key, held.run, held.epoch, held.begun, held.message;
  end if;

  return query select 0, 0, null::text, null::text, null::integer, null::integer, null::bytea;
end $$`;
