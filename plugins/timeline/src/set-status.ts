import { action, raceAbort } from '@sluice/plugin-api';
import { z } from 'zod';
import { fields, id, status } from './entry.js';
import { databaseLate } from './failures.js';
import type { BookingCalendar } from './booking-calendar.js';
import { origin, saved } from './upsert-entry.js';

export const setStatus = action({
  title: 'Set the status of an entry',
  input: z.strictObject({
    id,
    version: z.int().min(1).optional().describe('the change is refused if the entry has another version'),
    status,
    note: fields.shape.note,
    origin,
  }),
  output: saved,
  idempotent: 'yes',
  run(calendar: BookingCalendar, { id, version, status, note, origin }, { signal }) {
    const change = { status, ...(note !== undefined && { note }) };
    return raceAbort(calendar.entries.change(id, version, change, { origin, by: origin }), signal, databaseLate);
  },
});
