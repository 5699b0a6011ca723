import { pause, runId, viewError, type Clock, type Log, type NewEvent } from '@sluice/plugin-api';
import { CronSchedule, type Flow, type TriggerSource } from '@sluice/flow';
import { aborted, backoffMs, type Semaphore } from '@sluice/runtime';
import { MAX_PLANNED_AHEAD_MS, type ScheduleRow, type ScheduleSpec } from '../ports/schedules.js';
import type { Store } from '../ports/store.js';

/** An instant is missed when no host has fired it within this time, in milliseconds. */
const MISSED_AFTER_MS = 10 * 60_000;
/** Type of the events of schedules. */
const SCHEDULE_EVENT_TYPE = 'schedule.fired';
/** Maximum time between two reads of the wall clock, which may be set while a schedule waits. */
const MAX_WAIT_MS = 30_000;
/** Longer than the queries and the publish of one firing take. Another host fires the instant when this one dies meanwhile. */
const LEASE_TTL_MS = 10_000;
/** Pause of a host while another one fires the instant. */
const ELSEWHERE_MS = 1_000;
const AGAIN = { firstMs: 1_000, maxMs: 60_000 };

export type ScheduleTrigger = Extract<TriggerSource, { readonly kind: 'schedule' }>;

export interface ScheduleDeps {
  readonly store: Pick<Store, 'leases' | 'schedules'>;
  /** Limits the schedules of this host that fire at once: thousands may have the same instant. */
  readonly firing: Semaphore;
  readonly hostId: string;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Fires the schedule of a flow until the signal. Every host runs this. At an instant the first one takes the lease `schedule.<flow>`,
 * publishes the event, and moves the row on; the others see the row. A host that dies in between leaves the row as it was, so another one
 * publishes the event again, under the same id. Between instants no host touches the database.
 *
 * @param hand accepts the event for the flow and resolves once the broker has confirmed it
 */
export async function runSchedule(
  flow: Flow,
  trigger: ScheduleTrigger,
  hand: (event: NewEvent & { readonly id: string; readonly type: string; readonly source: string }) => Promise<unknown>,
  deps: ScheduleDeps,
  signal: AbortSignal,
): Promise<void> {
  await new FlowSchedule(flow.name, trigger, hand, deps).run(signal);
}

class FlowSchedule {
  readonly #schedule: CronSchedule;
  readonly #spec: ScheduleSpec;
  /** When this host began to follow the schedule, in milliseconds since 1970. */
  #since = 0;
  /** All instants up to `done` were handled, and `next` follows, in milliseconds since 1970. Absent until the row is read. */
  #plan: { readonly done: number; readonly next: number | undefined } | undefined;

  /** The last instant whose event the broker has confirmed to this host. */
  #confirmed: number | undefined;

  constructor(
    flow: string,
    private readonly trigger: ScheduleTrigger,
    private readonly hand: Parameters<typeof runSchedule>[2],
    private readonly deps: ScheduleDeps,
  ) {
    const { cron, timezone } = trigger;
    this.#spec = { flow, cron, timezone };
    this.#schedule = new CronSchedule(cron, timezone);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.deps;
    for (let failures = 0; !signal.aborted;) {
      try {
        const waitMs = await this.#handleNext();
        failures = 0;
        if (waitMs === undefined) return await this.#waitForever(signal);
        if (waitMs > 0) await pause(clock, waitMs, signal, { ref: false });
      } catch (error) {
        log.warn(`${this.#spec.flow}: its schedule waits`, { error: viewError(error).message });
        await pause(clock, backoffMs(AGAIN, failures++), signal, { ref: false });
      }
    }
  }

  /** Handles at most one instant. Returns the milliseconds until the next pass; undefined when no instant will come. */
  async #handleNext(): Promise<number | undefined> {
    const now = this.deps.clock.now();
    // a clock that was wrong may have planned far ahead: the store begins such a schedule again
    if (!this.#plan || this.#plan.done > now + MAX_PLANNED_AHEAD_MS) await this.#begin(now);
    const next = this.#plan?.next;
    if (next === undefined) return undefined;
    return next > now ? Math.min(next - now, MAX_WAIT_MS) : this.deps.firing.run(() => this.#fireDue());
  }

  async #begin(now: number): Promise<void> {
    this.#since = now;
    this.#planAfter((await this.deps.store.schedules.begin(this.#spec, new Date(now))).planned.getTime());
  }

  #planAfter(done: number): void {
    if (this.#plan?.done !== done) this.#plan = { done, next: this.#schedule.next(done) };
  }

  /** Handles the oldest instant that is due, unless another host has done so. Returns as {@link #handleNext}. */
  async #fireDue(): Promise<number> {
    const { store, hostId } = this.deps;
    if (!(await this.#isStillDue())) return 0;
    const lease = `schedule.${this.#spec.flow}`;
    if ((await store.leases.take(lease, hostId, LEASE_TTL_MS)) === undefined) return ELSEWHERE_MS;
    try {
      if (await this.#isStillDue()) await this.#fireOldest();
    } finally {
      await store.leases.release(lease, hostId);
    }
    return 0;
  }

  /** Reads how far the hosts have come, and returns whether an instant is due. */
  async #isStillDue(): Promise<boolean> {
    const now = this.deps.clock.now();
    const row = await this.deps.store.schedules.get(this.#spec.flow);
    if (row) this.#planAfter(this.#doneBy(row));
    else await this.#begin(now);
    const next = this.#plan?.next;
    return next !== undefined && next <= now;
  }

  /**
   * Returns the instant up to which the schedule is done. A row with another cron or zone belongs to a host with another revision of the
   * flow: both fire what they plan until one of them ends.
   */
  #doneBy(row: ScheduleRow): number {
    const { cron, timezone } = this.#spec;
    const planned = row.planned.getTime();
    return row.cron === cron && row.timezone === timezone ? planned : Math.max(planned, this.#since);
  }

  /** Fires the oldest instant that is due. Of missed ones only the last counts: it is left out, or fired with `missed: run`. */
  async #fireOldest(): Promise<void> {
    const { clock, log, store } = this.deps;
    const now = clock.now();
    const { done = now, next } = this.#plan ?? {};
    const missed = this.#schedule.last(done, now - MISSED_AFTER_MS - 1);
    const instant = missed ?? next;
    if (instant === undefined) return;
    const isFired = missed === undefined || this.trigger.missed === 'run';
    if (isFired) await this.#fire(instant, now);
    else log.warn(`${this.#spec.flow}: a schedule was missed and is left out`, { scheduled: new Date(instant).toISOString() });
    await store.schedules.advance(this.#spec.flow, new Date(instant), isFired);
    this.#planAfter(instant);
  }

  /** Publishes the event of the instant, unless only the row failed to follow it. */
  async #fire(instant: number, now: number): Promise<void> {
    if (this.#confirmed !== instant) await this.hand(this.#eventOf(instant, now));
    this.#confirmed = instant;
  }

  #eventOf(instant: number, now: number) {
    const source = `/schedules/${this.#spec.flow}`;
    const scheduled = new Date(instant).toISOString();
    return {
      id: runId(source, scheduled, this.#spec.flow),
      source,
      type: SCHEDULE_EVENT_TYPE,
      time: new Date(instant),
      data: { scheduled, fired: new Date(now).toISOString() },
    };
  }

  async #waitForever(signal: AbortSignal): Promise<void> {
    const { flow, cron } = this.#spec;
    this.deps.log.warn(`${flow}: its schedule never fires: no date matches "${cron}"`);
    await aborted(signal);
  }
}
