import { MAX_PLANNED_AHEAD_MS, type ScheduleRow, type ScheduleStore } from '@sluice/engine';
import type { MemoryDatabase } from './memory-database.js';

/** Returns the schedules of flows in the database. */
export function memorySchedules(database: MemoryDatabase): ScheduleStore {
  const { schedules } = database;
  return {
    begin: (spec, from) =>
      database.use(() => {
        const known = schedules.get(spec.flow);
        if (known?.cron === spec.cron && known.timezone === spec.timezone && !isAhead(known, from)) return known;
        const row = { ...known, ...spec, planned: from };
        schedules.set(spec.flow, row);
        return row;
      }),
    get: (flow) => database.use(() => schedules.get(flow)),
    advance: (flow, instant, fired) =>
      database.use(() => {
        const known = schedules.get(flow);
        if (!known) return;
        const later = (one: Date = instant) => (one > instant ? one : instant);
        schedules.set(flow, { ...known, planned: later(known.planned), ...(fired && { fired: later(known.fired) }) });
      }),
    list: () => database.use(() => [...schedules.values()].sort((a, b) => (a.flow < b.flow ? -1 : 1))),
  };
}

function isAhead({ planned }: ScheduleRow, from: Date): boolean {
  return planned.getTime() > from.getTime() + MAX_PLANNED_AHEAD_MS;
}
