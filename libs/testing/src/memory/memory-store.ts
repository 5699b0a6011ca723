import {
  accountOf,
  parkedBytes,
  type Claim,
  type ClaimStore,
  type Journal,
  type JournalEntry,
  type LeaseRow,
  type LeaseStore,
  type ParkedAccount,
  type ParkedRun,
  type ParkedState,
  type ParkedStore,
  type ParkedSummary,
  type Revocation,
  type RevocationStore,
  type Store,
} from '@sluice/engine';
import { engineFail } from '@sluice/plugin-api';

interface Lease {
  readonly holder: string;
  readonly epoch: number;
  readonly until: number;
  readonly info?: unknown;
}

interface ParkedRow {
  readonly run: ParkedRun;
  readonly since: number;
}

/**
 * A database in the memory of the process, for tests: the data that the stores of several hosts share, with a clock of its own. The stores
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
  journal: JournalEntry[] = [];
  /** If true, every method rejects, as when PostgreSQL is stopped. */
  away = false;

  constructor(readonly now: () => number = Date.now) {}

  /** Runs a statement. Rejects with `STORE_UNAVAILABLE` while the database is away. */
  async use<Result>(statement: () => Result): Promise<Result> {
    if (this.away) throw engineFail.STORE_UNAVAILABLE('the database is away');
    return statement();
  }
}

/** An in-memory store. Hosts with the same database share its data. */
export class MemoryStore implements Store {
  readonly engine = 'memory';
  readonly leases: LeaseStore;
  readonly parked: ParkedStore;
  readonly claims: ClaimStore;
  readonly journal: Journal;
  readonly revocations: RevocationStore;

  constructor(private readonly database = new MemoryDatabase()) {
    this.leases = new MemoryLeases(database);
    this.parked = new MemoryParked(database);
    this.claims = new MemoryClaims(database);
    this.journal = new MemoryJournal(database);
    this.revocations = {
      add: (revocation) =>
        database.use(() => {
          database.revocations.set(JSON.stringify(revocation), { ...revocation, at: new Date(database.now()) });
        }),
      list: () => database.use(() => [...database.revocations.values()]),
    };
  }

  endStep(run: string, step: string, epoch: number, by: string): Promise<boolean> {
    return this.database.use(() => {
      const key = JSON.stringify([run, step, epoch]);
      const ended = this.database.stepEnds.get(key) ?? by;
      this.database.stepEnds.set(key, ended);
      return ended === by;
    });
  }

  suspect(run: string): Promise<number> {
    return this.database.use(() => {
      const times = (this.database.suspects.get(run) ?? 0) + 1;
      this.database.suspects.set(run, times);
      return times;
    });
  }

  secret(name: string, make: () => string): Promise<string> {
    return this.database.use(() => {
      const value = this.database.secrets.get(name) ?? make();
      this.database.secrets.set(name, value);
      return value;
    });
  }

  flowsSeen(flows: readonly string[]): Promise<readonly { readonly flow: string; readonly lastSeen: Date }[]> {
    return this.database.use(() => {
      for (const flow of flows) this.database.flows.set(flow, new Date(this.database.now()));
      return [...this.database.flows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([flow, lastSeen]) => ({ flow, lastSeen }));
    });
  }

  forgetFlow(flow: string): Promise<void> {
    return this.database.use(() => void this.database.flows.delete(flow));
  }

  sweep(retention: { readonly journalMs: number; readonly parkedMs: number }): Promise<void> {
    return this.database.use(() => {
      const { now, claims, parked } = this.database;
      this.database.journal = this.database.journal.filter(({ at }) => at.getTime() > now() - retention.journalMs);
      for (const [key, { run }] of parked) if (run.parkedAt.getTime() < now() - retention.parkedMs) parked.delete(key);
      for (const [key, { until }] of claims) if (until <= now()) claims.delete(key);
    });
  }

  check(): Promise<string> {
    return this.database.use(() => 'memory');
  }

  async close(): Promise<void> {}
}

class MemoryLeases implements LeaseStore {
  constructor(private readonly database: MemoryDatabase) {}

  take(name: string, holder: string, ttlMs: number, info?: unknown): Promise<number | undefined> {
    return this.database.use(() => {
      const { leases, now } = this.database;
      const held = leases.get(name);
      if (held && held.holder !== holder && held.until > now()) return undefined;
      const epoch = held ? held.epoch + (held.holder === holder ? 0 : 1) : 1;
      leases.set(name, { holder, epoch, until: now() + ttlMs, ...(info !== undefined && { info }) });
      return epoch;
    });
  }

  release(name: string, holder: string): Promise<void> {
    return this.database.use(() => {
      const held = this.database.leases.get(name);
      if (held?.holder === holder) this.database.leases.set(name, { ...held, until: this.database.now() });
    });
  }

  list(): Promise<readonly LeaseRow[]> {
    return this.database.use(() =>
      [...this.database.leases]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, lease]) => ({ name, ...lease, until: new Date(lease.until), live: lease.until > this.database.now() })),
    );
  }
}

/** Returns whether PostgreSQL would accept the row: no zero byte in a text, an integer of 32 bits, a valid time. */
function canBeKept({ run, flow, revision, step, epoch, parkedAt }: Omit<ParkedRun, 'state'>): boolean {
  return (
    [run, flow, revision, step].every((text) => !text?.includes('\0')) && epoch < 2 ** 31 && !Number.isNaN(parkedAt.getTime())
  );
}

class MemoryParked implements ParkedStore {
  constructor(private readonly database: MemoryDatabase) {}

  add(runs: readonly Omit<ParkedRun, 'state'>[]): Promise<void> {
    return this.database.use(() => {
      if (!runs.every(canBeKept)) throw new Error('PostgreSQL refuses the row');
      for (const run of runs) {
        const key = keyOf(run.run, run.epoch);
        if (!this.database.parked.has(key)) this.#put({ ...run, state: 'parked' });
      }
    });
  }

  list(filter: {
    readonly flow?: string;
    readonly state?: ParkedState;
    readonly limit: number;
  }): Promise<readonly ParkedSummary[]> {
    return this.database.use(() =>
      this.#runs()
        .filter(({ flow, state }) => (filter.flow ?? flow) === flow && (filter.state ?? state) === state)
        .sort((a, b) => b.parkedAt.getTime() - a.parkedAt.getTime())
        .slice(0, filter.limit)
        .map(({ message: _message, ...summary }) => summary),
    );
  }

  accounts(): Promise<readonly ParkedAccount[]> {
    return this.database.use(() => {
      const accounts = new Map<string, ParkedAccount>();
      for (const run of this.#runs()) {
        if (run.state !== 'parked' && run.state !== 'replaying') continue;
        const account = accountOf(run.event, run.flow);
        const { runs, bytes } = accounts.get(account) ?? { runs: 0, bytes: 0 };
        accounts.set(account, { account, runs: runs + 1, bytes: bytes + parkedBytes(run) });
      }
      return [...accounts.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
    });
  }

  count(): Promise<Readonly<Record<string, number>>> {
    return this.database.use(() => {
      const counts: Record<string, number> = {};
      for (const { flow, state } of this.#runs()) if (state === 'parked') counts[flow] = (counts[flow] ?? 0) + 1;
      return counts;
    });
  }

  get(run: string): Promise<ParkedRun | undefined> {
    return this.database.use(() =>
      this.#runs()
        .filter((row) => row.run === run)
        .sort((a, b) => b.epoch - a.epoch)
        .at(0),
    );
  }

  replaying(run: string, epoch: number): Promise<boolean> {
    return this.#move(run, epoch, ['parked', 'replaying'], 'replaying');
  }

  async replayed(run: string, epoch: number): Promise<void> {
    await this.#move(run, epoch, ['parked', 'replaying'], 'replayed');
  }

  drop(run: string, epoch: number): Promise<boolean> {
    return this.#move(run, epoch, ['parked'], 'dropped');
  }

  stuck(olderThanMs: number): Promise<readonly ParkedRun[]> {
    return this.database.use(() =>
      [...this.database.parked.values()]
        .filter(({ run, since }) => run.state === 'replaying' && since < this.database.now() - olderThanMs)
        .map(({ run }) => run),
    );
  }

  #runs(): ParkedRun[] {
    return [...this.database.parked.values()].map(({ run }) => run);
  }

  #put(run: ParkedRun): void {
    this.database.parked.set(keyOf(run.run, run.epoch), { run, since: this.database.now() });
  }

  #move(run: string, epoch: number, from: readonly ParkedState[], to: ParkedState): Promise<boolean> {
    return this.database.use(() => {
      const row = this.database.parked.get(keyOf(run, epoch));
      if (!row || !from.includes(row.run.state)) return false;
      this.#put({ ...row.run, state: to });
      return true;
    });
  }
}

class MemoryClaims implements ClaimStore {
  constructor(private readonly database: MemoryDatabase) {}

  claim({ flow, key, run, withinMs }: Claim): Promise<string> {
    return this.database.use(() => {
      const { claims, now } = this.database;
      const held = claims.get(keyOf(flow, key));
      if (held && held.until > now()) return held.run;
      claims.set(keyOf(flow, key), { run, until: now() + withinMs });
      return run;
    });
  }

  giveBack(flow: string, key: string, run: string): Promise<void> {
    return this.database.use(() => {
      if (this.database.claims.get(keyOf(flow, key))?.run === run) this.database.claims.delete(keyOf(flow, key));
    });
  }
}

class MemoryJournal implements Journal {
  #buffer: JournalEntry[] = [];
  readonly skipped = 0;

  constructor(private readonly database: MemoryDatabase) {}

  write(entry: JournalEntry): void {
    this.#buffer.push(entry);
  }

  async find(id: string): Promise<readonly JournalEntry[]> {
    await this.flush();
    return this.database.journal
      .filter(({ eventId, run, causationid }) => [eventId, run, causationid].includes(id))
      .sort((a, b) => a.at.getTime() - b.at.getTime());
  }

  flush(): Promise<void> {
    return this.database.use(() => void this.database.journal.push(...this.#buffer.splice(0)));
  }
}

function keyOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}
