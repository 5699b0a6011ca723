import { z } from 'zod';

/** `cancelled` and `refused` free the time; all others keep it. */
export const STATUSES = ['waiting', 'confirmed', 'arrived', 'done', 'noShow', 'cancelled', 'refused'] as const;
export type Status = (typeof STATUSES)[number];

export const ACTIONS = ['created', 'updated', 'moved', 'cancelled'] as const;
export type Action = (typeof ACTIONS)[number];

/** PostgreSQL's texts cannot hold the character U+0000. */
const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\0]*$/, 'has the character U+0000');

export const id = z.uuid().describe('of the entry: the one that 1C gave it, or any that is new');
export const code = text(100).min(1).describe('of the resource, as 1C calls it');
export const status = z.enum(STATUSES);
const time = text(40).min(10).describe("ISO 8601; without an offset it is the journal's local time, as 1C writes it");

/** What can be said of an entry. */
export const fields = z.strictObject({
  resource: code,
  start: time,
  end: time,
  status: status.optional(),
  client: text(200).optional(),
  phone: text(50).optional(),
  comment: text(2_000).optional(),
  note: text(500).optional().describe('why it has its status, such as the reason of a refusal'),
});

export type Fields = z.output<typeof fields>;

/** An entry as the API, the events and the page show it. */
export const entryView = z.object({
  id: z.string(),
  version: z.number().describe('one more with each change'),
  resource: z.object({ code: z.string(), name: z.string() }),
  start: z.string(),
  end: z.string(),
  status,
  client: z.string(),
  phone: z.string(),
  comment: z.string(),
  note: z.string(),
  by: z.string().describe('who changed it last'),
  at: z.string(),
});

export type EntryView = z.output<typeof entryView>;

/** Who changes something: `origin` tells a flow its own echo, `by` tells people. */
export interface Author {
  readonly origin: string;
  readonly by: string;
}
