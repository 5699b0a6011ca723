import { action, raceAbort } from '@sluice/plugin-api';
import { z } from 'zod';
import { fields } from './entry.js';
import { databaseLate } from './failures.js';
import type { BookingCalendar } from './booking-calendar.js';

export const showCall = action({
  title: 'Show an incoming call on the page of the user of an extension',
  input: z.strictObject({
    extension: z.string().min(1).max(100).describe("the extension in the user's token"),
    phone: fields.shape.phone.unwrap().min(1).describe('the number that calls'),
    client: fields.shape.client.describe('the name, if it is known'),
  }),
  output: z.object({ id: z.string() }),
  idempotent: 'by-key',
  async run(calendar: BookingCalendar, { extension, phone, client = '' }, call) {
    await raceAbort(calendar.feed.addCall(call.id, extension, phone, client), call.signal, databaseLate);
    calendar.pulse.notify();
    return { id: call.id };
  },
});
