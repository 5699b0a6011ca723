import { definePlugin, type Host } from '@sluice/plugin-api';
import { connection, type Config } from './config.js';
import { entry } from './entry-trigger.js';
import type { BookingCalendar } from './booking-calendar.js';
import { setStatus } from './set-status.js';
import { showCall } from './show-call.js';
import { upsertEntry } from './upsert-entry.js';

/** Each call takes a transaction of a few milliseconds; more calls at once would only wait for the pool. */
const CALLS_AT_ONCE = 8;

export const plugin = definePlugin({
  name: 'timeline',
  api: '^1',
  connection,
  serves: true,
  uses: { desktops: 'optional' },
  // imported here because TypeORM and OpenAPI are a thousand modules, which `sluice lint` does not need
  open: async (config: Config, host: Host): Promise<BookingCalendar> =>
    (await import('./booking-calendar.js')).BookingCalendar.open(config, host),
  check: (calendar: BookingCalendar) => calendar.check(),
  maxCalls: () => CALLS_AT_ONCE,
  triggers: { entry },
  actions: { upsertEntry, setStatus, showCall },
  module: { load: async () => (await import('./web/timeline.module.js')).TimelineModule },
});
