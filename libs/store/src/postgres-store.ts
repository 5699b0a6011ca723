import type { Store, StoreRetention } from '@sluice/engine';
import type { Log, Clock } from '@sluice/plugin-api';
import { PostgresAudit } from './audit.js';
import { PostgresClaims } from './claims.js';
import type { Database } from './database.js';
import { ScheduleEntity } from './entities/schedule.entity.js';
import { SecretEntity } from './entities/secret.entity.js';
import { SeenFlowEntity } from './entities/seen-flow.entity.js';
import { PostgresLoops } from './loops.js';
import { PostgresHosts } from './hosts.js';
import { PostgresLanes } from './lanes.js';
import { PostgresJournal } from './journal.js';
import { PostgresLeases } from './leases.js';
import { HAS_LANE, PostgresParked } from './parked.js';
import { PostgresRecords } from './records.js';
import { PostgresRevisions } from './revisions.js';
import { PostgresRevocations } from './revocations.js';
import { PostgresSchedules } from './schedules.js';
import { StepEnds } from './step-ends.js';

/** Longer than any timer of a step: the row decides between the step's result and that timer. */
const STEP_ENDS_KEPT = '30 days';
const SUSPECTS_KEPT = '7 days';

/** The store on PostgreSQL. When a method resolves, its change is committed, except for the journal. */
export class PostgresStore implements Store {
  readonly leases: PostgresLeases;
  readonly parked: PostgresParked;
  readonly claims: PostgresClaims;
  readonly journal: PostgresJournal;
  readonly records: PostgresRecords;
  readonly revocations: PostgresRevocations;
  readonly audit: PostgresAudit;
  readonly revisions: PostgresRevisions;
  readonly hosts: PostgresHosts;
  readonly schedules: PostgresSchedules;
  readonly lanes: PostgresLanes;
  readonly loops: PostgresLoops;
  readonly #stepEnds: StepEnds;

  constructor(
    readonly engine: string,
    private readonly database: Database,
    log: Log,
    clock: Clock,
  ) {
    this.leases = new PostgresLeases(database);
    this.parked = new PostgresParked(database);
    this.claims = new PostgresClaims(database);
    this.journal = new PostgresJournal(database, log, clock);
    this.records = new PostgresRecords(database, log, clock);
    this.revocations = new PostgresRevocations(database);
    this.audit = new PostgresAudit(database);
    this.revisions = new PostgresRevisions(database);
    this.hosts = new PostgresHosts(database);
    this.schedules = new PostgresSchedules(database);
    this.lanes = new PostgresLanes(database);
    this.loops = new PostgresLoops(database);
    this.#stepEnds = new StepEnds(database);
  }

  endStep(run: string, step: string, epoch: number, by: string): Promise<boolean> {
    return this.#stepEnds.end({ run, step, epoch, by });
  }

  async suspect(run: string): Promise<number> {
    const [row] = await this.database.rows<{ times: number }>(
      `insert into sluice.suspect_run as known (run, times, at) values ($1, 1, clock_timestamp())
       on conflict (run) do update set times = known.times + 1, at = excluded.at returning times`,
      [run],
    );
    return (row as { times: number }).times;
  }

  async secret(name: string, make: () => string): Promise<string> {
    return this.database.repository(SecretEntity, async (secrets) => {
      const kept = await secrets.findOneBy({ name });
      if (kept) return kept.value;
      // another host may insert first; then all hosts use its secret
      await secrets.createQueryBuilder().insert().values({ name, value: make() }).orIgnore().execute();
      return (await secrets.findOneByOrFail({ name })).value;
    });
  }

  async flowsSeen(flows: readonly string[]): Promise<readonly { readonly flow: string; readonly lastSeen: Date }[]> {
    // in the same order on all hosts, because two hosts that start together could deadlock otherwise
    await this.database.rows(
      `insert into sluice.seen_flow (flow, last_seen)
       select distinct flow, clock_timestamp() from unnest($1::text[]) as seen (flow) order by flow
       on conflict (flow) do update set last_seen = excluded.last_seen`,
      [flows],
    );
    const rows = await this.database.repository(SeenFlowEntity, (seen) => seen.find({ order: { flow: 'ASC' } }));
    return rows.map(({ flow, lastSeen }) => ({ flow, lastSeen }));
  }

  async forgetFlow(flow: string): Promise<void> {
    await this.database.repository(SeenFlowEntity, (seen) => seen.delete({ flow }));
    await this.database.repository(ScheduleEntity, (schedules) => schedules.delete({ flow }));
    await this.lanes.forget(flow);
    await this.revisions.forget(flow);
  }

  async sweep(retention: StoreRetention): Promise<void> {
    await this.journal.sweep(retention.journalMs);
    await this.database.change(
      `delete from sluice.parked_run where parked_at < clock_timestamp() - $1 * interval '1 millisecond' and not ${HAS_LANE}`,
      [retention.parkedMs],
    );
    await this.revisions.sweep();
    await this.hosts.sweep();
    await this.loops.sweep();
    await this.audit.sweep(retention.auditMs, retention.auditRows);
    await this.database.change('delete from sluice.claim where until <= clock_timestamp()');
    await this.database.change(`delete from sluice.step_end where at < clock_timestamp() - interval '${STEP_ENDS_KEPT}'`);
    await this.database.change(`delete from sluice.suspect_run where at < clock_timestamp() - interval '${SUSPECTS_KEPT}'`);
  }

  async check(): Promise<string> {
    const [row] = await this.database.rows<{ server_version: string }>('show server_version');
    return `PostgreSQL ${(row as { server_version: string }).server_version}`;
  }

  async close(): Promise<void> {
    await this.journal.close();
    await this.records.close();
    await this.database.close();
  }
}
