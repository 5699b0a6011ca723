/** A schedule starts again when its planned instant is this much later than now, in milliseconds: a clock was wrong when it was planned. */
export const MAX_PLANNED_AHEAD_MS = 24 * 60 * 60_000;

/** The schedule of a flow. */
export interface ScheduleSpec {
  readonly flow: string;
  /** Five fields. */
  readonly cron: string;
  /** IANA name. */
  readonly timezone: string;
}

/** A schedule and how far it has come. */
export interface ScheduleRow extends ScheduleSpec {
  /** All instants up to this one were fired or left out. */
  readonly planned: Date;
  /** The last instant that was fired. Absent: none so far. */
  readonly fired?: Date;
}

/** How far the schedules of flows have come, for all hosts. */
export interface ScheduleStore {
  /**
   * Starts a schedule: a new one, one whose cron or zone has changed, and one that was planned more than {@link MAX_PLANNED_AHEAD_MS}
   * later than `from` get `planned = from`. Another one is unchanged.
   */
  begin(spec: ScheduleSpec, from: Date): Promise<ScheduleRow>;
  /** Returns the schedule of a flow; undefined when it never began or was forgotten. */
  get(flow: string): Promise<ScheduleRow | undefined>;
  /**
   * Moves `planned`, and `fired` when the instant was fired, to this instant. Never moves them back. Does nothing for a schedule that is
   * not there.
   */
  advance(flow: string, instant: Date, fired: boolean): Promise<void>;
  /** Returns all schedules in the order of their flows, also those of flows that are no longer deployed. */
  list(): Promise<readonly ScheduleRow[]>;
}
