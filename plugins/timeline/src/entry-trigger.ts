import { trigger, type Accept } from '@sluice/plugin-api';
import { z } from 'zod';
import type { OutboxRow } from './book/outbox.js';
import { ACTIONS, entryView } from './entry.js';
import type { BookingCalendar } from './booking-calendar.js';

/** Maximum delay of an event when a message from another host is lost. */
const LOOK_AGAIN_MS = 1_000;
/** How often the flow confirms that it still listens. */
const SHOW_MS = 60_000;

const output = z.object({
  action: z.enum(ACTIONS),
  origin: z.string().describe('`web` for the page and the API, otherwise the `origin` of the action'),
  entry: entryView,
  before: entryView.optional().describe('the entry before the change; absent for a new entry'),
});

export const entry = trigger({
  title: 'An entry was created or changed',
  options: z.strictObject({
    actions: z
      .array(z.enum(ACTIONS))
      .min(1)
      .default([...ACTIONS])
      .describe('`moved` is another time or resource, `updated` any other change'),
  }),
  output,
  exclusive: true,
  async subscribe(calendar: BookingCalendar, { actions }, accept, signal, flow) {
    let shownAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      if (calendar.clock.monotonic() - shownAt > SHOW_MS) {
        await calendar.outbox.listen(flow, actions);
        shownAt = calendar.clock.monotonic();
      }
      const { count: beats } = calendar.pulse;
      const rows = await calendar.outbox.next(flow);
      if (rows.length === 0) await calendar.pulse.next(beats, LOOK_AGAIN_MS, signal);
      else await hand(rows, accept).then(() => calendar.outbox.drop(rows));
    }
  },
});

/** Passes several entries at the same time, but the changes of one entry in order. Resolves when the broker has confirmed all. */
async function hand(rows: readonly OutboxRow[], accept: Accept<z.input<typeof output>>): Promise<void> {
  const byEntry = new Map<string, OutboxRow[]>();
  for (const row of rows) byEntry.set(row.entry, [...(byEntry.get(row.entry) ?? []), row]);
  const handed = [...byEntry.values()].map(async (changes) => {
    for (const { id, entry, event } of changes) await accept({ id, subject: entry, data: event });
  });
  await Promise.all(handed);
}
