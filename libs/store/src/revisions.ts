import {
  REVISION_KEPT_MS,
  type FlowRevision,
  type RevisionStore,
  type RevisionSummary,
  type StoredRevision,
} from '@sluice/engine';
import type { Database } from './database.js';
import { FlowRevisionEntity } from './entities/flow-revision.entity.js';

/** Id of an advisory lock; no other code uses this number. */
const ANNOUNCE_LOCK = 7_318_421;

/** Rows of `flow_revision`. */
export class PostgresRevisions implements RevisionStore {
  constructor(private readonly database: Database) {}

  async announce(revisions: readonly FlowRevision[]): Promise<readonly number[]> {
    if (revisions.length === 0) return [];
    const rows = await this.database.transaction(async (manager) => {
      // when two hosts announce different revisions of one flow at the same time, only one of them becomes the newest
      await manager.query('select pg_advisory_xact_lock($1)', [ANNOUNCE_LOCK]);
      return manager.query<{ flow: string; generation: number }[]>(
        `insert into sluice.flow_revision as known (flow, revision, source, constants, generation, first_seen, last_seen)
         select flow, revision, source, constants, nextval('sluice.flow_generation'), clock_timestamp(), clock_timestamp()
         from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as new (flow, revision, source, constants)
         on conflict (flow, revision) do update set
           last_seen = clock_timestamp(),
           generation = case
             when known.generation = (select max(generation) from sluice.flow_revision as other where other.flow = known.flow)
             then known.generation else excluded.generation end
         returning flow, generation`,
        [
          revisions.map(({ flow }) => flow),
          revisions.map(({ revision }) => revision),
          revisions.map(({ source }) => source),
          revisions.map(({ constants }) => constants),
        ],
      );
    });
    const generations = new Map(rows.map(({ flow, generation }) => [flow, generation]));
    return revisions.map(({ flow }) => generations.get(flow) as number);
  }

  async bound(revisions: readonly Pick<FlowRevision, 'flow' | 'revision'>[]): Promise<readonly Date[]> {
    if (revisions.length === 0) return [];
    const rows = await this.database.rows<{ flow: string; at: Date }>(
      `with bound as (
         update sluice.flow_revision as known set bound_at = coalesce(known.bound_at, clock_timestamp())
         from unnest($1::text[], $2::text[]) as new (flow, revision)
         where known.flow = new.flow and known.revision = new.revision
         returning known.flow, known.bound_at
       )
       select flow, bound_at as at from bound`,
      [revisions.map(({ flow }) => flow), revisions.map(({ revision }) => revision)],
    );
    const times = new Map(rows.map(({ flow, at }) => [flow, at]));
    return revisions.map(({ flow }) => times.get(flow) as Date);
  }

  async get(flow: string, revision: string): Promise<StoredRevision | undefined> {
    const row = await this.database.repository(FlowRevisionEntity, (rows) => rows.findOneBy({ flow, revision }));
    return row === null ? undefined : { ...row };
  }

  async newest(): Promise<readonly RevisionSummary[]> {
    return this.database.rows<RevisionSummary>(
      `select distinct on (flow) flow, revision, generation, first_seen as "firstSeen", last_seen as "lastSeen"
       from sluice.flow_revision order by flow, generation desc`,
    );
  }

  async seen(revisions: readonly { readonly flow: string; readonly revision: string }[]): Promise<void> {
    await this.database.change(
      `update sluice.flow_revision as known set last_seen = clock_timestamp()
       from unnest($1::text[], $2::text[]) as seen (flow, revision)
       where known.flow = seen.flow and known.revision = seen.revision`,
      [revisions.map(({ flow }) => flow), revisions.map(({ revision }) => revision)],
    );
  }

  /** Lets the revisions of a flow whose queues are deleted count as not bound. */
  async forget(flow: string): Promise<void> {
    await this.database.change('update sluice.flow_revision set bound_at = null where flow = $1', [flow]);
  }

  /** Deletes revisions that no host has seen for {@link REVISION_KEPT_MS}, except those of runs that are parked. */
  async sweep(): Promise<void> {
    await this.database.change(
      `delete from sluice.flow_revision as old
       where old.last_seen < clock_timestamp() - $1 * interval '1 millisecond'
         and not exists (select from sluice.parked_run as parked
           where parked.flow = old.flow and parked.revision = old.revision and parked.state in ('parked', 'replaying'))`,
      [REVISION_KEPT_MS],
    );
  }
}
