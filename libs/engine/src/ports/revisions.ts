/** Minimum time for which a revision of a flow is kept after a host has last seen it, in milliseconds: 90 days. */
export const REVISION_KEPT_MS = 90 * 24 * 60 * 60_000;

/** A revision of a flow, with everything that is needed to compile it again. */
export interface FlowRevision {
  readonly flow: string;
  /** Hash of the source, the constants and the values of the environment variables that the flow reads. */
  readonly revision: string;
  /** The text of the YAML document. */
  readonly source: string;
  /**
   * JSON of the constants of the workspace as they are written, so that it contains names of environment variables and never their values.
   */
  readonly constants: string;
}

/** A stored revision without its source. */
export interface RevisionSummary {
  readonly flow: string;
  readonly revision: string;
  /** Greater for the revision that became the newest one of its flow later, over all hosts. From one sequence for all flows. */
  readonly generation: number;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

export type StoredRevision = FlowRevision & RevisionSummary;

/** The revisions of flows that hosts have run. Runs end on the revision on which they began. */
export interface RevisionStore {
  /**
   * Records the newest revisions of a host, before it takes the first event on them. A revision that is not the newest one of its flow
   * becomes it and gets a new generation; the newest one keeps its generation.
   *
   * @param revisions at most one for each flow
   * @returns the generations, in the order of `revisions`
   */
  announce(revisions: readonly FlowRevision[]): Promise<readonly number[]>;
  /**
   * Records that the queues of the flows are bound to the types of these revisions. No host removes a binding, so it is recorded once.
   *
   * @param revisions announced ones, at most one for each flow
   * @returns the times at which it was recorded first, by the database's clock, in the order of `revisions`. After `forgetFlow` that is the
   *   time at which the flow came back
   */
  bound(revisions: readonly Pick<FlowRevision, 'flow' | 'revision'>[]): Promise<readonly Date[]>;
  /** Returns the stored revision; undefined when it was never announced or is deleted. */
  get(flow: string, revision: string): Promise<StoredRevision | undefined>;
  /** Returns the newest revision of each flow, in the order of the flows, without sources. */
  newest(): Promise<readonly RevisionSummary[]>;
  /** Raises `lastSeen` of these revisions. Revisions that are not stored are ignored. */
  seen(revisions: readonly { readonly flow: string; readonly revision: string }[]): Promise<void>;
}
