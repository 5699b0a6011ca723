import { action, orGivenUp } from '@sluice/plugin-api';
import { z } from 'zod';
import { ACTIONS, entryView, fields, id } from './entry.js';
import { databaseLate } from './failures.js';
import type { Journal } from './journal.js';

export const origin = z
  .string()
  .min(1)
  .max(100)
  .default('flow')
  .describe('comes back as `trigger.data.origin`, so that a flow can leave out what it did itself');

export const saved = z.object({
  entry: entryView,
  action: z.enum(ACTIONS).optional().describe('absent when nothing was different'),
});

export const upsertEntry = action({
  title: 'Make an entry of the journal, or change it',
  input: fields.extend({
    id,
    version: z.int().min(0).optional().describe('refused when the entry has another by now; left out, the last writer wins'),
    origin,
    by: z.string().max(200).optional().describe('who changes it, for people; `origin` when left out'),
  }),
  output: saved,
  // what is there already is left as it is, and makes no event
  idempotent: 'yes',
  run: (journal: Journal, { id, version, origin, by = origin, ...rest }, { signal }) =>
    orGivenUp(journal.entries.upsert(id, version, rest, { origin, by }), signal, databaseLate),
});
