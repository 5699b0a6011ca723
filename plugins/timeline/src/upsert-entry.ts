import { action, raceAbort } from '@sluice/plugin-api';
import { z } from 'zod';
import { ACTIONS, entryView, fields, id } from './entry.js';
import { databaseLate } from './failures.js';
import type { BookingCalendar } from './booking-calendar.js';

export const origin = z
  .string()
  .min(1)
  .max(100)
  .default('flow')
  .describe('returned as `trigger.data.origin`, so that a flow can ignore its own changes');

export const saved = z.object({
  entry: entryView,
  action: z.enum(ACTIONS).optional().describe('absent if the entry already had this content'),
});

export const upsertEntry = action({
  title: 'Create or change an entry',
  input: fields.extend({
    id,
    version: z
      .int()
      .min(0)
      .optional()
      .describe('the change is refused if the entry has another version; when absent, the last writer wins'),
    origin,
    by: z.string().max(200).optional().describe('author of the change, for people. Default: `origin`'),
  }),
  output: saved,
  // an entry that already has this content stays unchanged and emits no event
  idempotent: 'yes',
  run: (calendar: BookingCalendar, { id, version, origin, by = origin, ...rest }, { signal }) =>
    raceAbort(calendar.entries.upsert(id, version, rest, { origin, by }), signal, databaseLate),
});
