import { z } from 'zod';
import { code, fields, id } from '../entry.js';
import { resource, resourceFields } from '../book/resources.js';

const version = z.int().min(1).describe('version of the entry that the sender has seen');

// the ids name the schemas in the OpenAPI document

/** Parameters of paths. */
export { code as ResourceCode, id as EntryId };

export const RangeQuery = z
  .strictObject({ from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) })
  .refine(({ from, to }) => Date.parse(from) <= Date.parse(to), '`to` is before `from`');
export const ChangesQuery = z.strictObject({
  after: z
    .string()
    .max(20_000)
    .regex(/^\d+:\d+:[\d,]*$/)
    .describe('`cursor` of the previous answer'),
  wait: z.coerce.number().int().min(0).max(25).default(0).describe('maximum seconds to wait for a change'),
});
export const NewEntry = fields.extend({ id: id.optional() }).meta({ id: 'NewTimelineEntry' });
export const EntryChange = fields.partial().extend({ version }).meta({ id: 'TimelineEntryChange' });
export const ResourceBody = resourceFields.meta({ id: 'TimelineResource' });
export const ImportBody = z
  .strictObject({
    resources: z.array(resource).max(1_000).default([]),
    entries: z.array(fields.extend({ id })).max(1_000).default([]),
    origin: z.string().min(1).max(100).default('import').describe('returned in the events of the entries'),
  })
  .meta({ id: 'TimelineImport' });
