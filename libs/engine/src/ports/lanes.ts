/** One passage of a run: a replay has another epoch. */
export interface RunPass {
  readonly run: string;
  readonly epoch: number;
}

/** A run that has a lane, or waits for one. */
export interface LaneRun extends RunPass {
  /** The lane, from `laneOf`: at most 120 characters, without zero bytes. */
  readonly key: string;
}

/** The right to write the lanes of a flow. */
export interface LaneOwner {
  readonly flow: string;
  /** Epoch of the lease `flow.<name>`. */
  readonly epoch: number;
  /** Raised by each {@link LaneStore.open}: a write that an earlier owner on the same host has left under way has no effect. */
  readonly generation: number;
}

/** An event that waits for its lane. */
export interface HeldEvent extends LaneRun {
  /** The encoded message. */
  readonly message: Buffer;
}

/** A held event whose turn it is. */
export interface HeldStart extends HeldEvent {
  /** Number of starts of this event, this one included. It is raised before each start, so that a start that ends the host is counted. */
  readonly begun: number;
}

/** Maximum bytes of the messages that one turn hands out, unless the first message alone is larger. */
export const MAX_TURN_BYTES = 64 * 1024;

/** A lane whose next events are to begin. */
export interface LaneTurn extends LaneRun {
  /** True: the run has ended and is removed from its lane. False: the event that has its turn begins once more. */
  readonly ended: boolean;
  /**
   * Maximum number of events to hand out, in their order; 0: the lane passes to the next event, which does not begin. Only the first event is
   * handed out when it was handed out before: one of those that began with it may have ended its host.
   */
  readonly starts: number;
}

/** A busy lane, as a new owner reads it. */
export interface LaneRow extends LaneRun {
  /** Number of events that wait behind the run. */
  readonly held: number;
  /** True when the run is a held event whose turn has come and whose hop has not settled. */
  readonly turn: boolean;
}

/** Changes of the lanes of one flow, applied in this order: all or none. */
export interface LaneWrites {
  /** Lanes that become busy. A lane that is busy stays as it is. */
  readonly taken: readonly LaneRun[];
  /** Lanes that pass from one run to another, such as to the replay of a run that parked. Has no effect on a lane that is busy with another run. */
  readonly moved: readonly { readonly from: LaneRun; readonly to: RunPass }[];
  /** Events that wait from now on. Their lane must be busy or in `taken`. An event that is held already stays as it is. */
  readonly held: readonly HeldEvent[];
  /** Events that are no longer held, because their run has gone away or has ended. Their lane stays as it is. */
  readonly away: readonly LaneRun[];
  readonly turns: readonly LaneTurn[];
}

/** The reason why an event waits. */
export interface LaneWait {
  readonly key: string;
  /** The run that has the lane. */
  readonly behind: RunPass;
  /** Number of events of the same key that are before this one, at most 10,000 are counted. */
  readonly before: number;
}

/** The lanes of one flow in numbers. */
export interface LaneCount {
  readonly flow: string;
  /** Lanes whose run is away, or behind which events are held. */
  readonly busy: number;
  /** Events that wait for their lane. */
  readonly held: number;
}

/**
 * The order of flows with `deliver.key`, and the places of flows with `deliver.concurrency`. A lane has a row only while its run is away or
 * while events are held behind it.
 */
export interface LaneStore {
  /**
   * Makes this the only owner that can write. Waits for a write of the owner before: what {@link LaneStore.read} returns afterwards changes
   * only by writes of this owner.
   *
   * @returns undefined when another host has the lease
   */
  open(lease: Pick<LaneOwner, 'flow' | 'epoch'>): Promise<LaneOwner | undefined>;
  /**
   * Returns a page of the busy lanes of a flow, without the messages of held events.
   *
   * @param page `after`: key of the last lane of the page before; `limit`: maximum number of lanes, at least 1
   */
  read(flow: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly LaneRow[]>;
  /**
   * Applies the changes in one transaction, which first locks the lease and the generation of the owner. Calls must not overlap: a call waits for the one
   * before. Repeating a call whose result was lost is safe.
   *
   * @returns for each of `turns` the events that begin one after another; `lost` when another host owns the lanes: nothing was written
   */
  write(owner: LaneOwner, writes: LaneWrites): Promise<readonly (readonly HeldStart[])[] | 'lost'>;
  /** Returns why an event of this run waits; undefined when it is not held. */
  waitsFor(flow: string, run: string): Promise<LaneWait | undefined>;
  /** Returns the flows that have busy lanes, in the order of their names. */
  count(): Promise<readonly LaneCount[]>;
}
