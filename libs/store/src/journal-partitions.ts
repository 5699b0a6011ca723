import type { Database } from './database.js';

const DAY_MS = 86_400_000;
/** Id of an advisory lock, under which hosts create and drop partitions one at a time; no other code uses this number. */
const LOCK = 7_318_402;

/** The partitions of the journal, one per day in UTC. */
export class JournalPartitions {
  readonly #known = new Set<string>();

  constructor(private readonly database: Database) {}

  /** Creates the partitions of these instants if they are missing. */
  async ensure(instants: readonly Date[]): Promise<void> {
    const days = new Set(instants.map(dayOf));
    for (const day of days) if (!this.#known.has(day)) await this.#make(day);
  }

  /** Drops the partitions of days that ended earlier than `ms` ago by the database's clock. */
  async dropOlderThan(ms: number): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.query('select pg_advisory_xact_lock($1)', [LOCK]);
      const rows = await manager.query<{ name: string; cutoff: Date }[]>(
        `select child.relname as name, clock_timestamp() - $1 * interval '1 millisecond' as cutoff
         from pg_inherits join pg_class child on child.oid = inhrelid
         where inhparent = 'sluice.journal'::regclass`,
        [ms],
      );
      for (const { name, cutoff } of rows) {
        if (startOf(name) + DAY_MS <= cutoff.getTime()) await manager.query(`drop table sluice.${name}`);
      }
    });
    this.#known.clear();
  }

  async #make(day: string): Promise<void> {
    const from = new Date(`${day}T00:00:00Z`);
    const to = new Date(from.getTime() + DAY_MS);
    await this.database.transaction(async (manager) => {
      await manager.query('select pg_advisory_xact_lock($1)', [LOCK]);
      await manager.query(
        `create table if not exists sluice.${nameOf(day)} partition of sluice.journal
         for values from ('${from.toISOString()}') to ('${to.toISOString()}')`,
      );
    });
    this.#known.add(day);
  }
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function nameOf(day: string): string {
  return `journal_${day.replaceAll('-', '')}`;
}

function startOf(name: string): number {
  return Date.parse(name.replace(/^journal_(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3T00:00:00Z'));
}
