import type { ErrorView, EventAttributes } from '@sluice/plugin-api';

/** Bytes that a parked run takes at least: its row, its index entries. */
export const MIN_PARKED_BYTES = 1_024;

/** Who holds what: a source, a connection's pace, a keyed flow. Time is the database's. */
export interface LeaseStore {
  /**
   * Takes the lease, or renews it when `holder` has it. Gives the epoch (raised by one on every change of holder), or undefined while
   * another holds it.
   */
  take(name: string, holder: string, ttlMs: number, info?: unknown): Promise<number | undefined>;
  /** Gives it up at once; does nothing when another holds it. */
  release(name: string, holder: string): Promise<void>;
  list(): Promise<readonly LeaseRow[]>;
}

export interface LeaseRow {
  readonly name: string;
  readonly holder: string;
  readonly epoch: number;
  readonly until: Date;
  readonly live: boolean;
  readonly info?: unknown;
}

export type ParkedState = 'parked' | 'replaying' | 'replayed' | 'dropped';

/** A run put aside. */
export interface ParkedRun {
  readonly run: string;
  /** 0 for the first time, one more for every replay. */
  readonly epoch: number;
  readonly flow: string;
  readonly revision: string;
  readonly event: EventAttributes;
  readonly step?: string;
  readonly error: ErrorView;
  readonly parkedAt: Date;
  readonly state: ParkedState;
  /** The run's state as it travels, with the trigger's body: what a replay publishes. */
  readonly message: Buffer;
}

export type ParkedSummary = Omit<ParkedRun, 'message'>;

/** What an account has in the states `parked` and `replaying`. */
export interface ParkedAccount {
  /** `issuer <name>` or `flow <name>`. */
  readonly account: string;
  readonly runs: number;
  /** Of their rows, each at least {@link MIN_PARKED_BYTES}. */
  readonly bytes: number;
}

export interface ParkedStore {
  /**
   * Adds all or none. Does nothing for a (run, epoch) that is there.
   *
   * @throws STORE_UNAVAILABLE; another error when a row cannot be kept, such as one with a zero byte in a name
   */
  add(runs: readonly Omit<ParkedRun, 'state'>[]): Promise<void>;
  list(filter: {
    readonly flow?: string;
    readonly state?: ParkedState;
    readonly limit: number;
  }): Promise<readonly ParkedSummary[]>;
  count(): Promise<Readonly<Record<string, number>>>;
  /** Returns the accounts that have something parked. It reads one row for each account, however many runs are parked. */
  accounts(): Promise<readonly ParkedAccount[]>;
  /** The newest epoch of the run. */
  get(run: string): Promise<ParkedRun | undefined>;
  /** `parked` or `replaying` → `replaying`. Gives false when it is in neither state. */
  replaying(run: string, epoch: number): Promise<boolean>;
  /** `replaying` → `replayed`, after the publish was confirmed; also `parked` → `replayed`, for a replay that no sweeper could repeat. */
  replayed(run: string, epoch: number): Promise<void>;
  /** `parked` → `dropped`. Gives false when it is not parked. */
  drop(run: string, epoch: number): Promise<boolean>;
  /** Rows that have been `replaying` for longer than this: published again by a sweeper. */
  stuck(olderThanMs: number): Promise<readonly ParkedRun[]>;
}

export interface Claim {
  readonly flow: string;
  readonly key: string;
  readonly run: string;
  readonly withinMs: number;
}

/** Deduplication that cannot lose: a key is held by a run. */
export interface ClaimStore {
  /** The run that holds the key now: `claim.run` when it is new or was held by it before. Calls are joined into batches. */
  claim(claim: Claim): Promise<string>;
  /** Gives the key back, if this run holds it. */
  giveBack(flow: string, key: string, run: string): Promise<void>;
}

export type JournalKind = 'done' | 'stopped' | 'dropped' | 'expired' | 'duplicate' | 'parked' | 'replayed' | 'retried' | 'called';

/** One line of the log of runs. */
export interface JournalEntry {
  readonly at: Date;
  readonly flow: string;
  readonly run: string;
  readonly eventId: string;
  readonly eventSource: string;
  readonly eventType: string;
  /** Id of the event that caused this one: by it the children of an event are found. */
  readonly causationid?: string;
  readonly kind: JournalKind;
  readonly step?: string;
  readonly connection?: string;
  readonly attempt?: number;
  readonly code?: string;
  readonly message?: string;
  readonly ms?: number;
}

/** A log, not the record: buffered, written in batches, it may lack the last second before a crash. */
export interface Journal {
  /** Never waits and never throws. When the buffer is full the entry is counted, and a gap row says so later. */
  write(entry: JournalEntry): void;
  /** All that is known of an event (by its id), a run, or the runs of an event's children, oldest first. */
  find(id: string): Promise<readonly JournalEntry[]>;
  /** Entries that were not recorded. */
  readonly skipped: number;
  /** Writes what is buffered. */
  flush(): Promise<void>;
}

/** Refuses tokens before they expire: the one with this `jti`, or all that the issuer signed for `sub` until `at`. */
export type Revocation = { readonly issuer: string; readonly at: Date } & ({ readonly jti: string } | { readonly sub: string });

export interface RevocationStore {
  /** Revokes from now on, by the database's clock. A repeated revocation of a `sub` moves its time on. */
  add(revocation: { readonly issuer: string } & ({ readonly jti: string } | { readonly sub: string })): Promise<void>;
  list(): Promise<readonly Revocation[]>;
}

/** Everything that must survive and is not a message. All methods reject with `STORE_UNAVAILABLE` while the database is away. */
export interface Store {
  /** One word for logs and `doctor`: `embedded`, `postgresql`. */
  readonly engine: string;
  readonly leases: LeaseStore;
  readonly parked: ParkedStore;
  readonly claims: ClaimStore;
  readonly journal: Journal;
  readonly revocations: RevocationStore;
  /**
   * A step with a timeout has two ways to end, its result and its timer, and one of them goes on. True for the first `by` and for a
   * redelivery of it.
   */
  endStep(run: string, step: string, epoch: number, by: string): Promise<boolean>;
  /** Notes that this run may be killing its host; gives how often it has been noted, this time included. */
  suspect(run: string): Promise<number>;
  /** The secret of this name, made by `make` and kept when there is none. */
  secret(name: string, make: () => string): Promise<string>;
  /** Notes that these flows are deployed; gives all that ever were. */
  flowsSeen(flows: readonly string[]): Promise<readonly { readonly flow: string; readonly lastSeen: Date }[]>;
  forgetFlow(flow: string): Promise<void>;
  /** Deletes what is older than its retention. */
  sweep(retention: { readonly journalMs: number; readonly parkedMs: number }): Promise<void>;
  /** Rejects when the database cannot be used, saying why. */
  check(): Promise<string>;
  close(): Promise<void>;
}
