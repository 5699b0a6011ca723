import type { Diagnosis } from '@sluice/admin-contract';
import type { ScheduleRow } from '@sluice/engine';
import { CronSchedule, type Flow } from '@sluice/flow';

/** A schedule is late when an instant has not been handled for this time, in milliseconds. */
const MAX_LATE_MS = 60_000;
/** Maximum number of schedules that `doctor` shows one by one. */
const MAX_SCHEDULES_SHOWN = 50;

/** The schedule of a flow as people see it. */
export interface ScheduleReport {
  readonly flow: string;
  readonly cron: string;
  readonly timezone: string;
  /** The next instant. Absent: the schedule never fires again. */
  readonly next?: Date;
  /** The last instant that was fired by this flow, whatever its cron was then. */
  readonly fired?: Date;
  /** An instant that should have fired by now. */
  readonly late?: Date;
}

/**
 * Returns the schedules of the flows, the soonest first.
 *
 * @param rows how far the hosts have come
 * @param now milliseconds since 1970
 */
export function scheduleReports(flows: readonly Flow[], rows: readonly ScheduleRow[], now: number): readonly ScheduleReport[] {
  const byFlow = new Map(rows.map((row) => [row.flow, row]));
  const reports = flows.flatMap(({ name: flow, trigger }): ScheduleReport[] => {
    if (trigger.kind !== 'schedule') return [];
    const { cron, timezone } = trigger;
    const row = byFlow.get(flow);
    const planned = row?.cron === cron && row.timezone === timezone ? row.planned.getTime() : now;
    const schedule = new CronSchedule(cron, timezone);
    const next = schedule.next(Math.max(planned, now));
    const late = schedule.last(planned, now - MAX_LATE_MS);
    return [
      {
        flow,
        cron,
        timezone,
        ...(next !== undefined && { next: new Date(next) }),
        ...(row?.fired && { fired: row.fired }),
        ...(late !== undefined && { late: new Date(late) }),
      },
    ];
  });
  return reports.sort((a, b) => (a.next?.getTime() ?? Infinity) - (b.next?.getTime() ?? Infinity));
}

/** Returns one line for each of the soonest schedules, those with a problem first. */
export function diagnoseSchedules(reports: readonly ScheduleReport[]): readonly Diagnosis[] {
  const lines = reports.map(diagnoseSchedule).sort((a, b) => Number(a.ok) - Number(b.ok));
  const rest = lines.slice(MAX_SCHEDULES_SHOWN);
  if (rest.length === 0) return lines;
  const problems = rest.filter(({ ok }) => !ok).length;
  const says = `${rest.length} more${problems === 0 ? '' : `, ${problems} of them with a problem`}: sluice status --format json`;
  return [...lines.slice(0, MAX_SCHEDULES_SHOWN), { what: 'schedules', ok: problems === 0, says }];
}

function diagnoseSchedule({ flow, cron, timezone, next, fired, late }: ScheduleReport): Diagnosis {
  const what = `schedule ${flow}`;
  const local = (instant: Date) => localTime(instant, timezone);
  const last = fired ? `last fired ${local(fired)}` : 'never fired so far';
  if (late) {
    const says = `the firing of ${local(late)} is late; ${last}`;
    return { what, ok: false, says, cure: `look for "${flow}: its schedule waits" in the logs of hosts with the role flows` };
  }
  if (!next) {
    const says = `"${cron}" never fires: no later date matches it`;
    return { what, ok: false, says, cure: 'correct the cron expression of the flow' };
  }
  return { what, ok: true, says: `next ${local(next)} ${timezone}, ${last}` };
}

/** Returns the local time to the minute, as `2026-12-01 03:30`. */
function localTime(instant: Date, timeZone: string): string {
  return instant.toLocaleString('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
}
