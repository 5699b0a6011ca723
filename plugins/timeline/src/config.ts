import { IANAZone } from 'luxon';
import { z } from 'zod';

/** `connections.<name>.with` */
export const connection = z.strictObject({
  timezone: z
    .string()
    .refine((name) => IANAZone.isValidZone(name), 'an IANA name, such as Asia/Yekaterinburg')
    .optional()
    .describe('time zone of the page, and of times without an offset. Default: settings.timezone'),
  gateway: z
    .string()
    .optional()
    .describe(
      'connection of a tcp-gateway over which the pages learn of changes. When absent, each page keeps a request open for the next change',
    ),
  topic: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/, 'words joined by dots')
    .optional()
    .describe('topic of a tcp-gateway on which a flow reports changes to the pages. Not needed with `gateway`'),
});

export type Config = z.output<typeof connection>;
