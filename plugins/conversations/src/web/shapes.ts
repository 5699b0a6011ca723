import { z } from 'zod';
import { KINDS, seq, uuid } from '../contract.js';

/** Parameters of paths. */
export const Id = uuid;
export const Seq = z.coerce.number().pipe(seq);

const after = z.string().max(60).optional().describe('`next` of the page before');

export const DiscussionsQuery = z.strictObject({
  kind: z.enum(KINDS).optional().describe('when absent: all but channels'),
  search: z.string().min(1).max(200).optional().describe('a part of the title, or of the name of the other person'),
  archived: z.stringbool().default(false),
  after,
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

export const MembersQuery = z.strictObject({ after, limit: z.coerce.number().int().min(1).max(200).default(100) });

export const MessagesQuery = z
  .strictObject({
    after: z.coerce.number().int().min(0).optional().describe('seq: newer messages'),
    before: z.coerce.number().int().min(1).optional().describe('seq: older messages'),
    around: z.coerce.number().int().min(1).optional().describe('seq: this message and those on both sides'),
    limit: z.coerce.number().int().min(1).max(200).default(50),
  })
  .refine(
    ({ after, before, around }) => [after, before, around].filter((one) => one !== undefined).length <= 1,
    'only one of `after`, `before` and `around`',
  );
