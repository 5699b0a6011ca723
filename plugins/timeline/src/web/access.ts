import type { Bearer } from '@sluice/plugin-api';
import { connectionGuard } from '@sluice/web-ui/server';
import type { BookingCalendar } from '../booking-calendar.js';
import { timelineFail } from '../failures.js';
import { mayWrite, READ, WRITE } from '../scopes.js';
import { asHttp } from './problem.js';

/** The caller of a request, and the booking calendar that it concerns. */
export interface Visit {
  readonly calendar: BookingCalendar;
  readonly bearer: Bearer;
  readonly canWrite: boolean;
}

export const { Guard: TimelineGuard, Visitor } = connectionGuard<BookingCalendar, Visit>({
  plugin: 'timeline',
  parameter: 'journal',
  missing: (name) =>
    timelineFail.TIMELINE_MISSING(
      name === undefined ? 'sluice.yaml has no connection that uses timeline' : `there is no booking calendar "${name}"`,
    ),
  authorize: ({ tokens }, bearer, method) => {
    if (method !== 'GET') tokens.requireScope(bearer, WRITE);
    else if (!mayWrite(bearer)) tokens.requireScope(bearer, READ);
  },
  visit: (calendar, bearer) => ({ calendar, bearer, canWrite: mayWrite(bearer) }),
  asHttp,
});
