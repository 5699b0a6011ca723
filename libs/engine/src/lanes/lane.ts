import type { EventMessage } from '@sluice/plugin-api';
import type { Delivery } from '../ports/bus.js';
import type { HeldStart, LaneRun, RunPass } from '../ports/lanes.js';
import type { Hop } from '../runs/hop.js';

/** One lane in the memory of the owner: it is busy with one run. */
export interface Lane {
  readonly key: string;
  /**
   * `running`: a hop of the run is in progress here. `closing`: its outputs are being published. `away`: the run continues in another hop,
   * or the message about its end is on its way. `turning`: the owner asks the store for the next event.
   */
  state: 'running' | 'closing' | 'away' | 'turning';
  /** Returns the run that has the lane. It is computed at the first use, because most runs end without it. */
  pass: () => RunPass;
  /** True when the lane has a row, or may have one. */
  rows: boolean;
  /** True when the row is committed and names the run. */
  committed: boolean;
  /** Number of events in rows behind the run, including those that are being written. */
  held: number;
  /** Events in hand, in order. They come after the events in rows. */
  waiting: Arrival[];
  /** Set while events from rows begin. */
  batch?: Batch;
  /** Messages about the end of the run that arrived while a hop of it was in progress. */
  released: Delivery[];
}

/** Events from rows that were handed out in one turn. They begin one after another, without a write between them. */
export interface Batch {
  /** The run that the row of the lane names. */
  first: RunPass;
  /** Runs after the first one that have ended. Their rows are removed with the next write. */
  ended: LaneRun[];
  /** Events that have not begun. */
  readonly rest: HeldStart[];
  /** Monotonic time in milliseconds until which an event of the batch may begin. */
  readonly until: number;
}

/** An event or a replay, in hand. */
export interface Arrival {
  readonly delivery: Delivery;
  /** The message as the flow reads it. */
  readonly message: EventMessage;
  readonly pass: () => RunPass;
  readonly key: string;
  /** The hop in which the key was evaluated, until the event has to wait. */
  hop?: Hop;
  /** Set for an event that was held in a row. */
  readonly start?: HeldStart;
}

export function newLane(key: string, pass: () => RunPass, state: Lane['state']): Lane {
  return { key, state, pass, rows: false, committed: false, held: 0, waiting: [], released: [] };
}

export function runOf({ key, pass }: Lane): LaneRun {
  const { run, epoch } = pass();
  return { key, run, epoch };
}

export function isSame(a: RunPass, b: RunPass): boolean {
  return a.run === b.run && a.epoch === b.epoch;
}
