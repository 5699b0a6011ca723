/** Interval at which a host announces itself, in milliseconds. */
export const HEARTBEAT_MS = 10_000;
/** A host whose last heartbeat is older than this is considered dead, in milliseconds. */
export const MAX_HEARTBEAT_AGE_MS = 30_000;

/** What a host runs. */
export interface HostReport {
  /** Unique over all hosts and restarts. */
  readonly id: string;
  /** Release of Sluice, such as `0.4.0`. */
  readonly version: string;
  /** Names of the queues that the host consumes. */
  readonly consumes: readonly string[];
  /** The revision of each flow on which the host begins runs. `since`: milliseconds since 1970 at which the host began to run it. */
  readonly flows: Readonly<Record<string, { readonly revision: string; readonly since: number }>>;
}

export interface HostRow extends HostReport {
  /** Time of the last announcement, by the database's clock. */
  readonly heartbeat: Date;
  /** True while the heartbeat is at most {@link MAX_HEARTBEAT_AGE_MS} old, by the database's clock. */
  readonly live: boolean;
}

/** The hosts of a workspace. A host that ended without `leave` stays for a day, and is not live. */
export interface HostStore {
  /** Adds the host or replaces its report, and sets its heartbeat. */
  announce(host: HostReport): Promise<void>;
  /** Removes the host. */
  leave(id: string): Promise<void>;
  /** Returns all hosts in the order of their ids. */
  list(): Promise<readonly HostRow[]>;
}
