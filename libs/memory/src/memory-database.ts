import type {
  AuditRow,
  ItemEnd,
  LoopKey,
  HeldEvent,
  HostReport,
  JournalEntry,
  ParkedRun,
  Replay,
  Revocation,
  RunPass,
  ScheduleRow,
  StepRecord,
  StoredRevision,
} from '@sluice/engine';
import { engineFail, systemClock, type Clock } from '@sluice/plugin-api';

interface Lease {
  readonly holder: string;
  readonly epoch: number;
  readonly until: number;
  readonly info?: unknown;
}

interface ParkedRow {
  readonly run: ParkedRun;
  readonly since: number;
  readonly replay?: Replay;
}

/** A record with the time of its last write, in milliseconds since 1970. */
export interface RecordRow {
  readonly record: StepRecord;
  readonly written: number;
}

/** The lanes of one flow. */
export interface MemoryLanesOfFlow {
  generation: number;
  readonly lanes: Map<string, RunPass>;
  /** In the order in which the events were held. */
  held: readonly (HeldEvent & { readonly begun: number })[];
}

export type StoredEnd = Omit<ItemEnd, 'value'> & { readonly value: string };

/** The list of a loop and the ends of its items, as JSON. */
export interface MemoryLoop extends LoopKey {
  readonly items: readonly string[];
  /** The ends of each index, by epoch. */
  readonly ends: Map<number, Map<number, StoredEnd>>;
  /** Milliseconds since 1970, as in the next one. */
  endedAt: number;
  closedAt?: number;
}

/**
 * A database in the memory of the process: the data that the stores of several hosts share, with a clock of its own. The stores
 * pass the same conformance suite as the real one.
 */
export class MemoryDatabase {
  readonly leases = new Map<string, Lease>();
  readonly parked = new Map<string, ParkedRow>();
  readonly claims = new Map<string, { readonly run: string; readonly until: number }>();
  readonly stepEnds = new Map<string, string>();
  readonly suspects = new Map<string, number>();
  readonly secrets = new Map<string, string>();
  readonly revocations = new Map<string, Revocation>();
  readonly flows = new Map<string, Date>();
  /** By flow and revision. */
  readonly revisions = new Map<string, StoredRevision>();
  /** Times at which the queues of the revisions were bound, likewise. */
  readonly bound = new Map<string, Date>();
  /** By id, with the time of the heartbeat in milliseconds since 1970. */
  readonly hosts = new Map<string, HostReport & { readonly at: number }>();
  /** By flow. */
  readonly schedules = new Map<string, ScheduleRow>();
  /** By flow. */
  readonly lanes = new Map<string, MemoryLanesOfFlow>();
  /** By run, path and epoch. */
  readonly loops = new Map<string, MemoryLoop>();
  /** Entries with their numbers. */
  journal: (JournalEntry & { readonly n: number })[] = [];
  /** In the order of their last writes. */
  records: RecordRow[] = [];
  audit: AuditRow[] = [];
  #last = 0;
  /** If true, every method rejects, as when PostgreSQL is stopped. */
  away = false;

  constructor(private readonly clock: Clock = systemClock) {}

  /** Returns the wall time of the database, in milliseconds since 1970. */
  readonly now = (): number => this.clock.now();

  /** Returns a number that is greater than all before. */
  draw(): number {
    return ++this.#last;
  }

  /** Runs a statement. Rejects with `STORE_UNAVAILABLE` while the database is unavailable. */
  async use<Result>(statement: () => Result): Promise<Result> {
    if (this.away) throw engineFail.STORE_UNAVAILABLE('the database is unavailable');
    return statement();
  }
}
