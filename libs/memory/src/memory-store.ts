import {
  accountOf,
  compareStates,
  MAX_AUDIT_TEXT_LENGTH,
  isStateKind,
  noteMatches,
  parkedBytes,
  type AuditAction,
  type AuditRow,
  type AuditStore,
  type Claim,
  type ClaimStore,
  type Journal,
  type JournalEntry,
  type JournalPosition,
  type LaneStore,
  type LeaseRow,
  type LeaseStore,
  type ParkedAccount,
  type ParkedFilter,
  type ParkedGroup,
  type ParkedPage,
  type ParkedPosition,
  type ParkedRun,
  type ParkedState,
  type ParkedStore,
  type ParkedSummary,
  type Replay,
  type LoopStore,
  type HostStore,
  type RecordStore,
  type RevisionStore,
  type RevocationStore,
  type ScheduleStore,
  type RunFilter,
  type Store,
  type StoreRetention,
} from '@sluice/engine';
import { MemoryDatabase } from './memory-database.js';
import { MemoryLoops, sweepLoops } from './memory-loops.js';
import { memoryHosts } from './memory-hosts.js';
import { memoryLanes } from './memory-lanes.js';
import { MemoryRecords } from './memory-records.js';
import { forgetRevisions, MemoryRevisions, sweepRevisions } from './memory-revisions.js';
import { memorySchedules } from './memory-schedules.js';

/** An in-memory store. Hosts with the same database share its data. */
export class MemoryStore implements Store {
  readonly engine = 'memory';
  readonly leases: LeaseStore;
  readonly parked: ParkedStore;
  readonly claims: ClaimStore;
  readonly journal: Journal;
  readonly records: RecordStore;
  readonly revocations: RevocationStore;
  readonly audit: AuditStore;
  readonly revisions: RevisionStore;
  readonly hosts: HostStore;
  readonly schedules: ScheduleStore;
  readonly lanes: LaneStore;
  readonly loops: LoopStore;

  constructor(private readonly database = new MemoryDatabase()) {
    this.revisions = new MemoryRevisions(database);
    this.hosts = memoryHosts(database);
    this.schedules = memorySchedules(database);
    this.lanes = memoryLanes(database);
    this.loops = new MemoryLoops(database);
    this.leases = new MemoryLeases(database);
    this.parked = new MemoryParked(database);
    this.claims = new MemoryClaims(database);
    this.journal = new MemoryJournal(database);
    this.records = new MemoryRecords(database);
    this.audit = new MemoryAudit(database);
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
    return this.database.use(() => {
      this.database.flows.delete(flow);
      this.database.schedules.delete(flow);
      const lanes = this.database.lanes.get(flow);
      lanes?.lanes.clear();
      if (lanes) lanes.held = [];
      forgetRevisions(this.database, flow);
    });
  }

  sweep(retention: StoreRetention): Promise<void> {
    return this.database.use(() => {
      const { now, claims, parked } = this.database;
      this.database.journal = this.database.journal.filter(({ at }) => at.getTime() > now() - retention.journalMs);
      for (const [key, { run }] of parked) {
        if (run.parkedAt.getTime() < now() - retention.parkedMs && !hasLane(this.database, run)) parked.delete(key);
      }
      const ofRoute = new Map<string, number>();
      this.database.audit = this.database.audit
        .toReversed()
        .filter(({ at, route }) => {
          const count = (ofRoute.get(route) ?? 0) + 1;
          ofRoute.set(route, count);
          return at.getTime() >= now() - retention.auditMs && count <= retention.auditRows;
        })
        .reverse();
      for (const [key, { until }] of claims) if (until <= now()) claims.delete(key);
      sweepRevisions(this.database);
      sweepLoops(this.database);
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

function hasLane({ lanes }: MemoryDatabase, { flow, run, epoch }: ParkedRun): boolean {
  return [...(lanes.get(flow)?.lanes.values() ?? [])].some((lane) => lane.run === run && lane.epoch === epoch);
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

  list(page: ParkedPage): Promise<readonly ParkedSummary[]> {
    return this.database.use(() => this.#page(page).map(({ message: _message, ...summary }) => summary));
  }

  size(page: ParkedPage): Promise<number> {
    return this.database.use(() => this.#page(page).length);
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

  replaying(run: string, epoch: number, { fromStart }: Pick<Replay, 'fromStart'>): Promise<Replay | undefined> {
    return this.database.use(() => {
      const row = this.database.parked.get(keyOf(run, epoch));
      if (row?.run.state !== 'parked' && row?.run.state !== 'replaying') return undefined;
      const replay = row.replay ?? { epoch: this.database.draw(), fromStart };
      this.#put({ ...row.run, state: 'replaying' }, replay);
      return replay;
    });
  }

  async replayed(run: string, epoch: number): Promise<void> {
    await this.#move(run, epoch, ['parked', 'replaying'], 'replayed');
  }

  drop(run: string, epoch: number): Promise<boolean> {
    return this.#move(run, epoch, ['parked'], 'dropped');
  }

  holding(olderThanMs: number): Promise<readonly ParkedRun[]> {
    return this.database.use(() =>
      this.#runs().filter(
        (run) =>
          run.state === 'parked' && run.parkedAt.getTime() < this.database.now() - olderThanMs && hasLane(this.database, run),
      ),
    );
  }

  stuck(olderThanMs: number): Promise<readonly ParkedRun[]> {
    return this.database.use(() =>
      [...this.database.parked.values()]
        .filter(({ run, since }) => run.state === 'replaying' && since < this.database.now() - olderThanMs)
        .map(({ run }) => run),
    );
  }

  groups(filter: ParkedFilter): Promise<readonly ParkedGroup[]> {
    return this.database.use(() => {
      const groups = new Map<string, ParkedGroup>();
      for (const { flow, error, parkedAt } of this.#page({ ...filter, limit: Infinity })) {
        const key = keyOf(flow, error.code);
        const { runs, newest } = groups.get(key) ?? { runs: 0, newest: parkedAt };
        groups.set(key, { flow, code: error.code, runs: runs + 1, newest: newest > parkedAt ? newest : parkedAt });
      }
      return [...groups.values()].sort((a, b) => b.runs - a.runs || (keyOf(a.flow, a.code) < keyOf(b.flow, b.code) ? -1 : 1));
    });
  }

  #page({ after, oldestFirst = false, limit, ...filter }: ParkedPage): ParkedRun[] {
    const order = oldestFirst ? (a: ParkedPosition, b: ParkedPosition) => newestFirst(b, a) : newestFirst;
    return this.#runs()
      .filter((run) => isSelected(run, filter))
      .filter((run) => after === undefined || order(run, after) > 0)
      .sort(order)
      .slice(0, limit);
  }

  #runs(): ParkedRun[] {
    return [...this.database.parked.values()].map(({ run }) => run);
  }

  #put(run: ParkedRun, replay?: Replay): void {
    this.database.parked.set(keyOf(run.run, run.epoch), { run, since: this.database.now(), ...(replay && { replay }) });
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

function isSelected(run: ParkedRun, { flow, state, runPrefix = '', note, code, step, since, until }: ParkedFilter): boolean {
  return (
    (flow ?? run.flow) === run.flow &&
    (state ?? run.state) === run.state &&
    run.run.startsWith(runPrefix) &&
    (note === undefined || (run.note !== undefined && noteMatches(run.note, note))) &&
    (code ?? run.error.code) === run.error.code &&
    (step === undefined || run.step === step || run.step?.startsWith(`${step}/`) === true) &&
    (since === undefined || run.parkedAt >= since) &&
    (until === undefined || run.parkedAt <= until)
  );
}

function newestFirst(a: ParkedPosition, b: ParkedPosition): number {
  const byTime = b.parkedAt.getTime() - a.parkedAt.getTime();
  return byTime !== 0 ? byTime : a.run !== b.run ? (a.run < b.run ? 1 : -1) : b.epoch - a.epoch;
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
    return (await this.page(id, { limit: Infinity })).entries;
  }

  async page(
    id: string,
    { after, limit }: { readonly after?: JournalPosition; readonly limit: number },
  ): Promise<{ readonly entries: readonly JournalEntry[]; readonly next?: JournalPosition }> {
    await this.flush();
    const found = this.database.journal
      .filter(({ eventId, run, causationid }) => [eventId, run, causationid].includes(id))
      .filter((entry) => after === undefined || oldestFirst(entry, after) > 0)
      .sort(oldestFirst);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { entries: page.map(({ n: _n, ...entry }) => entry), ...(last && { next: { at: last.at, n: last.n } }) };
  }

  async entriesOf(ids: readonly string[], by: 'id' | 'cause', limit: number): Promise<readonly JournalEntry[]> {
    await this.flush();
    return this.database.journal
      .filter(({ eventId, run, causationid }) =>
        by === 'id' ? ids.includes(eventId) || ids.includes(run) : causationid !== undefined && ids.includes(causationid),
      )
      .sort(oldestFirst)
      .slice(0, limit)
      .map(({ n: _n, ...entry }) => entry);
  }

  async runs({
    connection,
    since,
    after,
    limit,
    ...filter
  }: RunFilter & { readonly after?: JournalPosition; readonly limit: number }): Promise<{
    readonly runs: readonly JournalEntry[];
    readonly next?: JournalPosition;
  }> {
    await this.flush();
    const { journal } = this.database;
    const states = journal.filter(({ kind }) => isStateKind(kind));
    const rows =
      connection === undefined
        ? lastOfRuns(states, byState).map((state) => ({ state, position: state }))
        : lastOfRuns(
            journal.filter((entry) => entry.connection === connection),
            oldestFirst,
          ).flatMap((position) =>
            lastOfRuns(
              states.filter(({ run }) => run === position.run),
              byState,
            ).map((state) => ({ state, position })),
          );
    const found = rows
      .filter(({ state }) => matches(state, filter))
      .filter(({ position: { at } }) => since === undefined || at >= since)
      .filter(({ position }) => after === undefined || oldestFirst(position, after) < 0)
      .sort((a, b) => oldestFirst(b.position, a.position));
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1)?.position : undefined;
    return {
      runs: page.map(({ state: { n: _n, ...entry } }) => entry),
      ...(last && { next: { at: last.at, n: last.n } }),
    };
  }

  flush(): Promise<void> {
    return this.database.use(() => {
      const entries = this.#buffer.splice(0);
      this.database.journal.push(...entries.map((entry) => ({ ...entry, n: this.database.draw() })));
    });
  }
}

function oldestFirst(a: JournalPosition, b: JournalPosition): number {
  return a.at.getTime() - b.at.getTime() || a.n - b.n;
}

type JournalRow = JournalEntry & JournalPosition;

function byState(a: JournalRow, b: JournalRow): number {
  return compareStates(a, b) || a.n - b.n;
}

/** Returns the last row of each run. */
function lastOfRuns(rows: readonly JournalRow[], order: (a: JournalRow, b: JournalRow) => number): readonly JournalRow[] {
  const last = new Map<string, JournalRow>();
  for (const row of rows) {
    const other = last.get(row.run);
    if (!other || order(row, other) > 0) last.set(row.run, row);
  }
  return [...last.values()];
}

function matches({ flow, kind, note }: JournalRow, filter: RunFilter): boolean {
  return (
    (filter.flow ?? flow) === flow &&
    (filter.kind ?? kind) === kind &&
    (filter.note === undefined || (note !== undefined && noteMatches(note, filter.note)))
  );
}

class MemoryAudit implements AuditStore {
  constructor(private readonly database: MemoryDatabase) {}

  begin({ issuer, sub, route, target }: AuditAction): Promise<number> {
    return this.database.use(() => {
      const n = this.database.draw();
      const cut = (text: string) => text.slice(0, MAX_AUDIT_TEXT_LENGTH);
      const action = { issuer: cut(issuer), sub: cut(sub), route: cut(route), target: cut(target) };
      this.database.audit.push({ ...action, n, at: new Date(this.database.now()), outcome: 'started' });
      return n;
    });
  }

  end(n: number, outcome: string): Promise<void> {
    return this.database.use(() => {
      this.database.audit = this.database.audit.map((row) => (row.n === n ? { ...row, outcome } : row));
    });
  }

  list({ after = Infinity, limit }: { readonly after?: number; readonly limit: number }): Promise<readonly AuditRow[]> {
    return this.database.use(() =>
      this.database.audit
        .toReversed()
        .filter(({ n }) => n < after)
        .slice(0, limit),
    );
  }

  async size(page: { readonly after?: number; readonly limit: number }): Promise<number> {
    return (await this.list(page)).length;
  }
}

function keyOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}
