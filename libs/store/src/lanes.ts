import {
  MAX_TURN_BYTES,
  type HeldStart,
  type LaneCount,
  type LaneOwner,
  type LaneRow,
  type LaneStore,
  type LaneWait,
  type LaneWrites,
} from '@sluice/engine';
import type { Database } from './database.js';

/** Maximum number of events that are counted before one that waits. */
const MAX_COUNTED = 10_000;

interface TurnRow extends HeldStart {
  /** Number of the turn, from 1; 0 in a row that only reports that the changes were written. */
  readonly turn: number;
  /** Place of the event among those of its turn. */
  readonly place: number;
}

/** Rows of `lane` and `lane_held`. */
export class PostgresLanes implements LaneStore {
  constructor(private readonly database: Database) {}

  async open({ flow, epoch }: Pick<LaneOwner, 'flow' | 'epoch'>): Promise<LaneOwner | undefined> {
    const [opened] = await this.database.rows<{ generation: number }>(
      `with own as materialized (select from sluice.lease where name = 'flow.' || $1 and epoch = $2 for share)
       insert into sluice.lane_owner as known (flow, generation) select $1, 1 where exists (select from own)
       on conflict (flow) do update set generation = known.generation + 1 returning generation`,
      [flow, epoch],
    );
    return opened && { flow, epoch, generation: opened.generation };
  }

  async read(flow: string, { after, limit }: { readonly after?: string; readonly limit: number }): Promise<readonly LaneRow[]> {
    return this.database.rows<LaneRow>(
      `select key, lane.run, lane.epoch, coalesce(waiting.held, 0)::integer as held, coalesce(waiting.turn, false) as turn
       from sluice.lane left join lateral (
         select count(*) filter (where (held.run, held.epoch) <> (lane.run, lane.epoch)) as held,
                bool_or((held.run, held.epoch) = (lane.run, lane.epoch)) as turn
         from sluice.lane_held as held where held.flow = lane.flow and held.key = lane.key
       ) as waiting on true
       where lane.flow = $1 and ($2::text is null or lane.key > $2)
       order by lane.key limit $3`,
      [flow, after, limit],
    );
  }

  async write(
    owner: LaneOwner,
    { taken, moved, held, away, turns }: LaneWrites,
  ): Promise<readonly (readonly HeldStart[])[] | 'lost'> {
    let start = 0;
    // bodies are bytes in one parameter, because an array of bytea would be sent as hexadecimal text
    const starts = held.map(({ message }) => (start += message.length) - message.length);
    const rows = await this.database.rows<TurnRow>(
      `select * from sluice.write_lanes($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)`,
      [
        owner.flow,
        owner.epoch,
        owner.generation,
        ...columnsOf(taken),
        ...columnsOf(moved.map(({ from }) => from)),
        moved.map(({ to }) => to.run),
        moved.map(({ to }) => to.epoch),
        ...columnsOf(held),
        Buffer.concat(
          held.map(({ message }) => message),
          start,
        ),
        starts,
        held.map(({ message }) => message.length),
        away.map(({ run }) => run),
        away.map(({ epoch }) => epoch),
        ...columnsOf(turns),
        turns.map(({ ended }) => ended),
        turns.map(({ starts }) => starts),
        MAX_TURN_BYTES,
      ],
    );
    if (rows.length === 0) return 'lost';
    const handedOut: HeldStart[][] = turns.map(() => []);
    for (const { turn, place, ...event } of rows) if (turn > 0) handedOut[turn - 1]![place - 1] = event;
    return handedOut;
  }

  async waitsFor(flow: string, run: string): Promise<LaneWait | undefined> {
    const [row] = await this.database.rows<{ key: string; run: string; epoch: number; before: number }>(
      `select lane.key, lane.run, lane.epoch, (
         select count(*)::integer from (
           select from sluice.lane_held as earlier
           where earlier.flow = held.flow and earlier.key = held.key and earlier.n < held.n
             and (earlier.run, earlier.epoch) <> (lane.run, lane.epoch) limit ${MAX_COUNTED}
         ) as counted
       ) as before
       from sluice.lane_held as held join sluice.lane using (flow, key)
       where held.flow = $1 and held.run = $2 and (held.run, held.epoch) <> (lane.run, lane.epoch)
       order by held.n limit 1`,
      [flow, run],
    );
    return row && { key: row.key, behind: { run: row.run, epoch: row.epoch }, before: row.before };
  }

  /** Deletes the lanes of a flow and the events that they hold. The generation of its owner stays: a write of an earlier owner has no effect. */
  async forget(flow: string): Promise<void> {
    await this.database.change('delete from sluice.lane_held where flow = $1', [flow]);
    await this.database.change('delete from sluice.lane where flow = $1', [flow]);
  }

  async count(): Promise<readonly LaneCount[]> {
    return this.database.rows<LaneCount>(
      `select flow, count(*)::integer as busy, coalesce(sum(waiting.held), 0)::integer as held
       from sluice.lane left join lateral (
         select count(*) as held from sluice.lane_held as held
         where held.flow = lane.flow and held.key = lane.key and (held.run, held.epoch) <> (lane.run, lane.epoch)
       ) as waiting on true
       group by flow order by flow`,
    );
  }
}

function columnsOf(
  runs: readonly { readonly key: string; readonly run: string; readonly epoch: number }[],
): [string[], string[], number[]] {
  return [runs.map(({ key }) => key), runs.map(({ run }) => run), runs.map(({ epoch }) => epoch)];
}
