import { MAX_HEARTBEAT_AGE_MS, type HostReport, type HostRow, type HostStore } from '@sluice/engine';
import type { Database } from './database.js';
import { HostEntity } from './entities/host.entity.js';

/** Hosts that ended without leaving are shown for this time. */
const DEAD_HOSTS_KEPT = '1 day';

/** Rows of `host`. */
export class PostgresHosts implements HostStore {
  constructor(private readonly database: Database) {}

  async announce({ id, version, consumes, flows }: HostReport): Promise<void> {
    await this.database.rows(
      `insert into sluice.host (id, version, consumes, flows, heartbeat) values ($1, $2, $3, $4, clock_timestamp())
       on conflict (id) do update set version = excluded.version, consumes = excluded.consumes, flows = excluded.flows,
         heartbeat = excluded.heartbeat`,
      [id, version, consumes, JSON.stringify(flows)],
    );
  }

  async leave(id: string): Promise<void> {
    await this.database.repository(HostEntity, (hosts) => hosts.delete({ id }));
  }

  async list(): Promise<readonly HostRow[]> {
    return this.database.rows<HostRow>(
      `select id, version, consumes, flows, heartbeat,
         heartbeat >= clock_timestamp() - $1 * interval '1 millisecond' as live
       from sluice.host order by id`,
      [MAX_HEARTBEAT_AGE_MS],
    );
  }

  /** Deletes hosts that died long ago. */
  async sweep(): Promise<void> {
    await this.database.change(`delete from sluice.host where heartbeat < clock_timestamp() - interval '${DEAD_HOSTS_KEPT}'`);
  }
}
