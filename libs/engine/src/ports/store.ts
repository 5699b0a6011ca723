import type { Priority } from '@sluice/flow';
import type { ErrorView, EventAttributes } from '@sluice/plugin-api';
import type { HostStore } from './hosts.js';
import type { LaneStore } from './lanes.js';
import type { LoopStore } from './loops.js';
import type { RevisionStore } from './revisions.js';
import type { ScheduleStore } from './schedules.js';
import type { RecordStore } from './records.js';
import type { NoteQueryTerm } from '../runs/note-search.js';

export * from './loops.js';
export * from './hosts.js';
export * from './lanes.js';
export * from './records.js';
export * from './revisions.js';
export * from './schedules.js';

/** Minimum bytes of a parked run: its row and its index entries. */
export const MIN_PARKED_BYTES = 1_024;

/** Leases of sources and of connections' paces. Times are those of the database's clock. */
export interface LeaseStore {
  /**
   * Takes the lease, or renews it when `holder` has it.
   *
   * @param ttlMs how long the lease stays valid without a renewal, in milliseconds
   * @returns the epoch, which grows by one with every change of holder; undefined while another holder has the lease
   */
  take(name: string, holder: string, ttlMs: number, info?: unknown): Promise<number | undefined>;
  /** Releases the lease at once; does nothing when another holder has it. */
  release(name: string, holder: string): Promise<void>;
  /** Returns all leases that were ever taken, also those that are not valid any more. */
  list(): Promise<readonly LeaseRow[]>;
}

/** One lease. */
export interface LeaseRow {
  readonly name: string;
  /** Id of the host that took it last. */
  readonly holder: string;
  /** Grows by one with every change of holder. */
  readonly epoch: number;
  /** End of the lease without a renewal. */
  readonly until: Date;
  /** True while the lease is valid, by the database's clock. */
  readonly live: boolean;
  /** The `info` of the last {@link LeaseStore.take}. */
  readonly info?: unknown;
}

/**
 * `parked`: waits for a person. `replaying`: a replay was requested and may not be published yet. `replayed` and `dropped` are final.
 */
export type ParkedState = 'parked' | 'replaying' | 'replayed' | 'dropped';

/** A failed run that waits for a person. */
export interface ParkedRun {
  readonly run: string;
  /** 0 for the first time, otherwise the number of the replay, see {@link Replay}. */
  readonly epoch: number;
  /** Name of the flow. For rows of modules and of unreadable messages: see `sourceOfParked`, which returns the origin of the row. */
  readonly flow: string;
  /** Revision of the flow; empty for rows of modules and of unreadable messages. */
  readonly revision: string;
  readonly event: EventAttributes;
  /** Path of the step at which the run failed. Absent: before the first step, or the run can only be replayed from the start. */
  readonly step?: string;
  readonly error: ErrorView;
  /** The note of the run; absent without one. */
  readonly note?: string;
  readonly parkedAt: Date;
  readonly state: ParkedState;
  /** The encoded state of the run with the trigger's body, as a replay publishes it. */
  readonly message: Buffer;
}

/** A parked run without its state, for lists. */
export type ParkedSummary = Omit<ParkedRun, 'message'>;

/** The parked runs of one account, in the states `parked` and `replaying`. */
export interface ParkedAccount {
  /** `issuer <name>` or `flow <name>`. */
  readonly account: string;
  readonly runs: number;
  /** Sum over the rows, each at least {@link MIN_PARKED_BYTES}. */
  readonly bytes: number;
}

/** Selects the parked runs of a list. Absent fields match every run. */
export interface ParkedFilter {
  readonly flow?: string;
  readonly state?: ParkedState;
  /** The beginning of the run's id. */
  readonly runPrefix?: string;
  /** Words that the note of the run has. */
  readonly note?: readonly NoteQueryTerm[];
  /** Code of the error. */
  readonly code?: string;
  /** Id of the step at which the run failed, in any item of a loop; or its path. */
  readonly step?: string;
  /** Runs that were parked at this time or later. */
  readonly since?: Date;
  /** Runs that were parked at this time or earlier. */
  readonly until?: Date;
}

/** A page of the list of parked runs. */
export interface ParkedPage extends ParkedFilter {
  /** The last row of the page before. */
  readonly after?: ParkedPosition;
  /** True: oldest first. Otherwise newest first. Runs of one instant are in the order of their ids and epochs. */
  readonly oldestFirst?: boolean;
  /** Maximum number of rows, at least 1. */
  readonly limit: number;
}

/** The parked runs of one flow with one error code. */
export interface ParkedGroup {
  readonly flow: string;
  readonly code: string;
  readonly runs: number;
  /** Time at which the last of them was parked. */
  readonly newest: Date;
}

/** The place of a row in the list of parked runs. It stays valid when rows are added or removed. */
export type ParkedPosition = Pick<ParkedRun, 'parkedAt' | 'run' | 'epoch'>;

/** The replay of a parked run. */
export interface Replay {
  /**
   * From one sequence for all runs, so that it is greater than that of every earlier replay. A sequence for each run would not do: a called
   * run begins in the epoch of its caller, and can be replayed without it.
   */
  readonly epoch: number;
  /** Whether the run begins at its first step. */
  readonly fromStart: boolean;
}

export interface ParkedStore {
  /**
   * Adds all runs or none. A pair of run and epoch that exists already is left unchanged.
   *
   * @throws `STORE_UNAVAILABLE` while the database is unavailable; another error when a row cannot be stored, such as one with a zero byte
   */
  add(runs: readonly Omit<ParkedRun, 'state'>[]): Promise<void>;
  /** Returns a page of runs. */
  list(page: ParkedPage): Promise<readonly ParkedSummary[]>;
  /** Returns the number of rows that {@link list} has after this position, counted up to `limit`. */
  size(page: ParkedPage): Promise<number>;
  /** Counts runs by flow and error code; the largest groups are first. It reads all rows that the filter selects. */
  groups(filter: ParkedFilter): Promise<readonly ParkedGroup[]>;
  /** Returns the number of runs in the state `parked` by {@link ParkedRun.flow}. */
  count(): Promise<Readonly<Record<string, number>>>;
  /** Returns the accounts that have parked runs. It reads one row per account, whatever the number of runs. */
  accounts(): Promise<readonly ParkedAccount[]>;
  /** Returns the row with the newest epoch of the run; undefined when the run was never parked. */
  get(run: string): Promise<ParkedRun | undefined>;
  /**
   * Changes `parked` to `replaying`, draws the epoch of the replay, and keeps both. For a run that is `replaying` already it returns the
   * replay that was requested first.
   *
   * @param epoch of the row
   * @returns undefined when the run is in neither state
   */
  replaying(run: string, epoch: number, options: Pick<Replay, 'fromStart'>): Promise<Replay | undefined>;
  /** Changes `replaying` to `replayed` once the publish is confirmed; also `parked`, for a replay on other data. */
  replayed(run: string, epoch: number): Promise<void>;
  /** Changes `parked` to `dropped`. Returns false when the run is not parked. */
  drop(run: string, epoch: number): Promise<boolean>;
  /**
   * Returns parked runs that still have a lane of a keyed flow although they were parked more than this many milliseconds ago. `sweep` does
   * not delete them: their lane is to be released first.
   */
  holding(olderThanMs: number): Promise<readonly ParkedRun[]>;
  /** Returns the runs that have been `replaying` for longer than this many milliseconds; the sweeper publishes them again. */
  stuck(olderThanMs: number): Promise<readonly ParkedRun[]>;
}

/** A claim of a key of `deliver.dedupe` by a run. */
export interface Claim {
  readonly flow: string;
  readonly key: string;
  readonly run: string;
  /** Milliseconds for which the key belongs to the run. */
  readonly withinMs: number;
}

/** Deduplication without loss: each key belongs to the run that claimed it first. */
export interface ClaimStore {
  /** Returns the run that holds the key: `claim.run` when the key was free or this run held it already. Calls are combined into batches. */
  claim(claim: Claim): Promise<string>;
  /** Releases the key when this run holds it. */
  giveBack(flow: string, key: string, run: string): Promise<void>;
}

/** Ways in which a run ends. */
export const END_KINDS = ['done', 'stopped', 'caught', 'parked', 'dropped', 'expired', 'duplicate'] as const;
/** The kinds of entries that change the state of a run: its ends, `replayed`, and `waiting`. */
export const STATE_KINDS = [...END_KINDS, 'replayed', 'waiting'] as const;

export type RunStateKind = (typeof STATE_KINDS)[number];

/**
 * The kind of an event in the life of a run: a kind of {@link STATE_KINDS}, or one call (`called`, or `retried` when the call failed).
 * `waiting` is written for runs only that wait for longer than two seconds.
 */
export type JournalKind = RunStateKind | 'retried' | 'called';

/** The reason of a wait, as it was known when the wait began. Times are in milliseconds since 1970. */
export type WaitingFor = {
  /** Item of the innermost `forEach`, from 0, and the number of items. */
  readonly item?: number;
  readonly items?: number;
} & (
  | { readonly kind: 'pace'; readonly priority: Priority }
  /** The next attempt of a call, of at most `attempts`. */
  | { readonly kind: 'retry'; readonly priority: Priority; readonly attempts: number; readonly until: number }
  /** The result of an action that has suspended its step; `until`: the end of the step's timeout. */
  | { readonly kind: 'result'; readonly until?: number }
  /** The end of a run of another flow. */
  | { readonly kind: 'call'; readonly flow: string; readonly run: string; readonly until?: number }
);

/** One line of the log of runs. */
export interface JournalEntry {
  readonly at: Date;
  readonly flow: string;
  readonly run: string;
  readonly eventId: string;
  readonly eventSource: string;
  readonly eventType: string;
  /** Id of the event that caused this one. The children of an event are found by it. */
  readonly causationid?: string;
  readonly kind: JournalKind;
  /** Number of the replay, greater for a later one, see {@link Replay}; absent: no replay. */
  readonly epoch?: number;
  /** The note of the run; absent without one. */
  readonly note?: string;
  /** Path of the step: its id, followed by the index of each enclosing `forEach`, such as `reserve/3`. */
  readonly step?: string;
  readonly connection?: string;
  readonly attempt?: number;
  /** Code and message of the error. Absent without an error. */
  readonly code?: string;
  readonly message?: string;
  /** Duration of the run or of the call in milliseconds. */
  readonly ms?: number;
  /** Present in entries of the kind `waiting`. */
  readonly waits?: WaitingFor;
}

/** Selects runs of a list by their last entry of {@link STATE_KINDS}. Absent fields match every run. */
export interface RunFilter {
  readonly flow?: string;
  readonly kind?: RunStateKind;
  /** Runs with an entry since this time; with `connection`: with a call of the connection since then. */
  readonly since?: Date;
  /** Runs that have called this connection or wait for it. */
  readonly connection?: string;
  /** Words that the note of the run has. */
  readonly note?: readonly NoteQueryTerm[];
}

/** The place of an entry in the journal: entries of one instant are in the order of their numbers. */
export interface JournalPosition {
  readonly at: Date;
  readonly n: number;
}

/** A log of runs, written in batches from a buffer. The last second before a crash may be missing: it is not the record of the runs. */
export interface Journal {
  /** Buffers an entry. Never waits, never throws. When the buffer is full, the entry is counted and a gap row reports the number. */
  write(entry: JournalEntry): void;
  /** Returns the entries of an event (by its id), of a run, or of the runs of an event's children, oldest first. */
  find(id: string): Promise<readonly JournalEntry[]>;
  /**
   * Returns a page of the entries of {@link find}, in its order. An entry that is written later with an earlier time may be on no page.
   *
   * @param page `after`: `next` of the page before; `limit`: maximum number of entries, at least 1
   * @returns `next` is absent when the page is the last one
   */
  page(
    id: string,
    page: { readonly after?: JournalPosition; readonly limit: number },
  ): Promise<{ readonly entries: readonly JournalEntry[]; readonly next?: JournalPosition }>;
  /**
   * Returns entries, oldest first.
   *
   * @param by `id`: the entries of these events and runs; `cause`: those of the events that these events caused directly
   * @param limit maximum number of entries, at least 1
   */
  entriesOf(ids: readonly string[], by: 'id' | 'cause', limit: number): Promise<readonly JournalEntry[]>;
  /**
   * Returns a page of runs, each by its last entry of {@link STATE_KINDS}, newest first. With `connection` the order is that of the last
   * call of the connection. The work for one page is bounded, so that a page may have fewer runs than the limit although it has a successor.
   *
   * @param page `after`: `next` of the page before; `limit`: maximum number of runs, at least 1
   * @returns `next` is absent when the page is the last one
   */
  runs(
    page: RunFilter & { readonly after?: JournalPosition; readonly limit: number },
  ): Promise<{ readonly runs: readonly JournalEntry[]; readonly next?: JournalPosition }>;
  /** Number of entries that were not recorded. */
  readonly skipped: number;
  /** Writes the buffered entries. */
  flush(): Promise<void>;
}

/** A refusal of tokens before they expire: of the token with this `jti`, or of all tokens that the issuer signed for `sub` until `at`. */
export type Revocation = { readonly issuer: string; readonly at: Date } & ({ readonly jti: string } | { readonly sub: string });

export interface RevocationStore {
  /** Adds a revocation that begins now, by the database's clock. A repeated revocation of a `sub` moves its time forward. */
  add(revocation: { readonly issuer: string } & ({ readonly jti: string } | { readonly sub: string })): Promise<void>;
  /** Returns all revocations. */
  list(): Promise<readonly Revocation[]>;
}

/** Maximum length of a text in the audit log, in UTF-16 units. Longer texts are truncated. */
export const MAX_AUDIT_TEXT_LENGTH = 500;

/** An action of an operator that changes something. It contains no secret and no data of events. */
export interface AuditAction {
  /** Issuer and subject of the token. */
  readonly issuer: string;
  readonly sub: string;
  /** Method and path of the route, such as `POST /api/parked/{run}/drop`. */
  readonly route: string;
  /** The object of the action, such as `run 0198a1f2-…`. */
  readonly target: string;
}

export interface AuditRow extends AuditAction {
  /** Grows with each action. */
  readonly n: number;
  /** Begin of the action, by the database's clock. */
  readonly at: Date;
  /** `started`: the action has not ended, or its host died. `done`, or the error code. */
  readonly outcome: string;
}

/** The record of the actions of operators. */
export interface AuditStore {
  /** Adds an action with the outcome `started` and returns its number. The row is committed when this resolves. */
  begin(action: AuditAction): Promise<number>;
  /** Sets the outcome of an action. */
  end(n: number, outcome: string): Promise<void>;
  /**
   * Returns a page of actions, newest first.
   *
   * @param page `after`: the number of the last row of the page before; `limit`: maximum number of rows, at least 1
   */
  list(page: { readonly after?: number; readonly limit: number }): Promise<readonly AuditRow[]>;
  /** Returns the number of rows that {@link list} has after this position, counted up to `limit`. */
  size(page: { readonly after?: number; readonly limit: number }): Promise<number>;
}

/** How long rows are kept. */
export interface StoreRetention {
  /** Milliseconds, as in the following ones. */
  readonly journalMs: number;
  readonly parkedMs: number;
  readonly auditMs: number;
  /** Maximum number of actions of one route in the audit log; the newest are kept. Many replays so displace no revocation. */
  readonly auditRows: number;
}

/** Durable data other than messages. All methods reject with `STORE_UNAVAILABLE` while the database is unavailable. */
export interface Store {
  /** One word for logs and `doctor`: `embedded`, `postgresql`. */
  readonly engine: string;
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
  /**
   * Ends a step with a timeout, which ends by its result or by its timer.
   *
   * @param by identifies the end: the result or the timer
   * @returns true for the first `by`, and again for a redelivery of it; false for the other one
   */
  endStep(run: string, step: string, epoch: number, by: string): Promise<boolean>;
  /** Counts that this run may have ended its host, and returns the count with this time included. */
  suspect(run: string): Promise<number>;
  /** Returns the secret of this name. When it does not exist, `make` creates it and it is stored. */
  secret(name: string, make: () => string): Promise<string>;
  /** Records that these flows are deployed, and returns all flows that ever were. */
  flowsSeen(flows: readonly string[]): Promise<readonly { readonly flow: string; readonly lastSeen: Date }[]>;
  /**
   * Removes a flow from those that {@link flowsSeen} returns, its schedule, its lanes and the events that they hold. Its revisions stay, and
   * are not bound any more: see {@link RevisionStore.bound}.
   */
  forgetFlow(flow: string): Promise<void>;
  /** Deletes rows that are older than their retention. */
  sweep(retention: StoreRetention): Promise<void>;
  /** Returns the version, such as `PostgreSQL 15.4`. Rejects with the reason when the database cannot be used. */
  check(): Promise<string>;
  /** Writes the buffered entries of the journal and closes the connections. */
  close(): Promise<void>;
}
