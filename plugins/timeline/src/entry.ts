import { z } from 'zod';

/** `cancelled` and `refused` release the time; the other statuses keep it. */
export const STATUSES = ['waiting', 'confirmed', 'arrived', 'done', 'noShow', 'cancelled', 'refused'] as const;
export type Status = (typeof STATUSES)[number];

export const ACTIONS = ['created', 'updated', 'moved', 'cancelled'] as const;
export type Action = (typeof ACTIONS)[number];

/** Texts without the character U+0000, which PostgreSQL cannot store. */
const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^[^\0]*$/, 'contains the character U+0000: remove it');

export const id = z.uuid().describe('id of the entry: the one in 1C, or any new one');
export const code = text(100).min(1).describe('code of the resource in 1C');
export const status = z.enum(STATUSES).describe('status of the entry');
const time = text(40).min(10).describe('ISO 8601; without an offset it is the local time of the calendar, as 1C writes it');

/** The fields of an entry that can be set. */
export const fields = z.strictObject({
  resource: code,
  start: time,
  end: time,
  status: status.optional().describe('cancelled and refused free the time'),
  client: text(200).optional().describe('name of the client'),
  phone: text(50).optional().describe('telephone number of the client'),
  comment: text(2_000).optional().describe('free text'),
  note: text(500).optional().describe('reason of the status, such as that of a refusal'),
});

export type Fields = z.output<typeof fields>;

/** An entry as the API, the events and the page show it. */
export const entryView = z.object({
  id: z.string(),
  version: z.number().describe('increases by one with each change'),
  resource: z.object({ code: z.string(), name: z.string() }),
  start: z.string(),
  end: z.string(),
  status,
  client: z.string(),
  phone: z.string(),
  comment: z.string(),
  note: z.string(),
  by: z.string().describe('author of the last change'),
  at: z.string(),
});

export type EntryView = z.output<typeof entryView>;

/** The author of a change: `origin` lets a flow recognise its own changes, `by` is for people. */
export interface Author {
  readonly origin: string;
  readonly by: string;
}
